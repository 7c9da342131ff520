/* JMESPath: the first line is the expression, the rest the JSON to search. Results can be written. */
#include "base/buf.h"
#include "moonward/jmespath.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mw_doc_options options = {.max_bytes = (size_t)1 << 20};
    const uint8_t *line = memchr(data, '\n', size);
    size_t len = line ? (size_t)(line - data) : size;
    mw_doc_builder *b = NULL;
    mw_jmespath *j = NULL;
    mw_error err = {0};
    mw_buf out = {0};
    mw_val v = MW_VAL_NULL, result;

    if (mw_jmespath_compile((const char *)data, len, &j, &err) != MW_OK)
        return 0;
    if (mw_doc_builder_new(&options, &b, &err) != MW_OK)
        goto out;
    mw_doc_begin_array(b);
    mw_doc_add_unknown_cause(b, "op", "code", NULL);
    if (line && mw_json_read(b, (const char *)line + 1, size - len - 1, NULL, NULL, &err) == MW_OK)
        v = mw_doc_pop(b);
    if (mw_jmespath_eval(j, b, v, &result, &err) == MW_OK) {
        if (mw_val_kind(mw_doc_view(b), result) == MW_KIND_ABSENT)
            abort();
        (void)mw_json_write(&out, mw_doc_view(b), result, MW_JSON_COMPACT);
    }
    mw_doc_end_array(b);
out:
    mw_buf_clear(&out);
    mw_doc_builder_free(b);
    mw_jmespath_free(j);
    return 0;
}
