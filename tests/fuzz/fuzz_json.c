/*
 * JSON reader and writer on arbitrary bytes. What is accepted must survive: written, read again and
 * written once more it gives the same text, and the finished document opens and is equal.
 */
#include "base/buf.h"
#include "moonward/doc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mw_doc_options options = {.max_bytes = (size_t)16 << 20, .share = size % 2};
    mw_doc_builder *b = NULL;
    mw_doc *d = NULL, *opened = NULL;
    mw_error err = {0};
    mw_buf first = {0}, second = {0};

    if (mw_doc_builder_new(&options, &b, &err) != MW_OK)
        return 0;
    if (mw_json_read(b, (const char *)data, size, NULL, NULL, &err) != MW_OK)
        goto out;
    mw_val v = mw_doc_pop(b);
    must(mw_json_write(&first, mw_doc_view(b), v, MW_JSON_COMPACT) == MW_OK);
    must(mw_doc_finish(b, v, &d, &err) == MW_OK);
    must(mw_doc_open(mw_doc_bytes(d), mw_doc_size(d), &opened, &err) == MW_OK);
    must(mw_val_equal(d, mw_doc_root(d), opened, mw_doc_root(opened)));
    mw_doc_builder_reset(b);
    must(mw_json_read(b, first.data, first.len, NULL, NULL, &err) == MW_OK);
    v = mw_doc_pop(b);
    must(mw_json_write(&second, mw_doc_view(b), v, MW_JSON_COMPACT) == MW_OK);
    must(mw_val_equal(mw_doc_view(b), v, d, mw_doc_root(d)));
    must(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
out:
    mw_buf_clear(&first);
    mw_buf_clear(&second);
    mw_doc_free(opened);
    mw_doc_free(d);
    mw_doc_builder_free(b);
    return 0;
}
