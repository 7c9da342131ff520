/*
 * Opening hostile documents. Random bytes hardly pass the header, so an input that does not begin with
 * a document's mark is a recipe: the low four bits of its first byte count changes of three bytes each
 * (offset, high and low, and a mask), and the rest is JSON to make the document from that they damage.
 * Whatever opens is read completely.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "moonward/doc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nodes left to visit: a hostile document may share without end. */
static void walk(const mw_doc *d, mw_val v, size_t *budget, unsigned depth)
{
    size_t n = mw_val_len(d, v), len;
    mw_val key;

    if (!*budget || depth > 200)
        return;
    --*budget;
    if (mw_val_str(d, v, &len) && mw_val_str(d, v, &len)[len] != '\0')
        abort();
    if (mw_val_kind(d, v) == MW_KIND_UNKNOWN)
        walk(d, mw_val_cause(d, v), budget, depth + 1);
    for (size_t i = 0; i < n; i++) {
        mw_val member = mw_val_member(d, v, i, &key);
        const char *name = mw_val_str(d, key, &len);

        if (name && mw_val_getn(d, v, name, len) != member)
            abort();
        walk(d, name ? member : mw_val_at(d, v, i), budget, depth + 1);
    }
}

static void open_and_read(const void *bytes, size_t size)
{
    mw_doc_options options = {.max_bytes = (size_t)4 << 20};
    mw_doc_builder *b = NULL;
    mw_doc *d = NULL;
    mw_error err = {0};
    mw_buf out = {.max = 1 << 20};
    size_t budget = 20000;

    if (mw_doc_open(bytes, size, &d, &err) != MW_OK)
        return;
    walk(d, mw_doc_root(d), &budget, 0);
    (void)mw_json_write(&out, d, mw_doc_root(d), MW_JSON_PRETTY);
    if (mw_doc_builder_new(&options, &b, &err) == MW_OK)
        mw_doc_add_copy(b, d, mw_doc_root(d));
    mw_doc_builder_free(b);
    mw_buf_clear(&out);
    mw_doc_free(d);
}

static void follow_recipe(const uint8_t *data, size_t size)
{
    size_t changes = data[0] & 15, json = 1 + 3 * changes;
    mw_doc_builder *b = NULL;
    mw_doc *d = NULL;
    mw_error err = {0};

    if (size <= json || mw_doc_builder_new(&(mw_doc_options){.share = true}, &b, &err) != MW_OK)
        return;
    if (mw_json_read(b, (const char *)data + json, size - json, NULL, NULL, &err) == MW_OK) {
        mw_doc_begin_array(b);
        mw_doc_add_unknown_cause(b, "op", "code", NULL);
        (void)mw_json_read(b, (const char *)data + json, size - json, NULL, NULL, &err);
        mw_doc_end_array(b);
        if (mw_doc_finish(b, mw_doc_pop(b), &d, &err) == MW_OK) {
            size_t bytes = mw_doc_size(d);
            uint8_t *copy = mw_alloc(bytes);

            if (copy) {
                memcpy(copy, mw_doc_bytes(d), bytes);
                for (size_t i = 0; i < changes; i++)
                    copy[((size_t)data[1 + 3 * i] << 8 | data[2 + 3 * i]) % bytes] ^= data[3 + 3 * i];
                open_and_read(copy, bytes);
            }
            mw_free(copy);
        }
        mw_doc_free(d);
    }
    mw_doc_builder_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *aligned;

    if (size < 8 || memcmp(data, "MWDOC", 5) != 0) {
        if (size)
            follow_recipe(data, size);
        return 0;
    }
    aligned = mw_alloc(size);
    if (aligned) {
        memcpy(aligned, data, size);
        open_and_read(aligned, size);
    }
    mw_free(aligned);
    return 0;
}
