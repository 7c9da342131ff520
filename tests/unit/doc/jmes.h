/* Running one JMESPath expression in a test. */
#ifndef MW_TESTS_JMES_H
#define MW_TESTS_JMES_H

#include "docs.h"

#include "moonward/jmespath.h"

static inline mw_status search(mw_doc_builder *b, const char *expression, mw_val in, mw_val *out, mw_error *err)
{
    mw_jmespath *j = NULL;
    mw_status st = mw_jmespath_compile(expression, strlen(expression), &j, err);

    *out = MW_VAL_NULL;
    if (st == MW_OK)
        st = mw_jmespath_eval(j, b, in, out, err);
    mw_jmespath_free(j);
    return st;
}

#endif
