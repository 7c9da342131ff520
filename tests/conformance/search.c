/* Mode "jmespath": `expression` on `given`; not of the vectors' contract, for
 * jmespath_differential.py. */
#include "conformance.h"
#include "moonward/jmespath.h"

mw_status mode_jmespath(turn *t, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_jmespath *j = NULL;
    size_t len = 0;
    const char *text = mw_val_str(t->d, mw_val_get(t->d, t->request, "expression"), &len);
    mw_val v;
    mw_status st = mw_jmespath_compile(text ? text : "", len, &j, err);

    if (st == MW_OK && (st = mw_doc_builder_new(NULL, &b, err)) == MW_OK) {
        mw_doc_add_copy(b, t->d, mw_val_get(t->d, t->request, "given"));
        st = mw_jmespath_eval(j, b, mw_doc_pop(b), &v, err);
    }
    if (st == MW_OK) {
        mw_doc_ckey(t->out, "result");
        mw_doc_add_copy(t->out, mw_doc_view(b), v);
    }
    mw_doc_builder_free(b);
    mw_jmespath_free(j);
    return st;
}
