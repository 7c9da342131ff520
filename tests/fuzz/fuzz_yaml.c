/* YAML reader on arbitrary bytes: no crash, and what is accepted can be written as JSON. */
#include "base/buf.h"
#include "doc/yaml.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mw_doc_builder *b = NULL;
    mw_yaml_marks marks = {0};
    mw_error err = {0};

    if (mw_doc_builder_new(&(mw_doc_options){.max_bytes = (size_t)32 << 20}, &b, &err) != MW_OK)
        return 0;
    if (mw_yaml_read(b, (const char *)data, size, "fuzz", &marks, &err) == MW_OK) {
        mw_val v = mw_doc_pop(b);
        mw_buf out = {.max = (size_t)32 << 20};
        (void)mw_json_write(&out, mw_doc_view(b), v, MW_JSON_COMPACT);
        (void)mw_yaml_line(&marks, "a.b[0]");
        mw_buf_clear(&out);
    }
    mw_yaml_marks_clear(&marks);
    mw_doc_builder_free(b);
    return 0;
}
