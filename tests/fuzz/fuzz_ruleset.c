/*
 * Endpoint rule sets of arbitrary JSON: `[rule set, partitions, parameters]`. No crash, and either a
 * whole endpoint or a message.
 */
#include "aws/endpoint.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mw_doc_options options = {.max_bytes = (size_t)16 << 20};
    mw_arena arena = {.max_bytes = (size_t)16 << 20};
    mw_doc_builder *b = NULL, *work = NULL;
    mw_doc *doc = NULL;
    mw_endpoint out;
    mw_error err = {0};
    mw_val root;

    if (size > (size_t)1 << 16 || mw_doc_builder_new(&options, &b, &err) != MW_OK)
        return 0;
    if (mw_json_read(b, (const char *)data, size, NULL, NULL, &err) != MW_OK ||
        mw_doc_finish(b, mw_doc_pop(b), &doc, &err) != MW_OK || mw_doc_builder_new(&options, &work, &err) != MW_OK)
        goto out;
    root = mw_doc_root(doc);
    mw_doc_add_copy(work, doc, mw_val_at(doc, root, 2) == MW_VAL_ABSENT ? MW_VAL_NULL : mw_val_at(doc, root, 2));
    if (mw_ruleset_eval(doc, mw_val_at(doc, root, 0), mw_val_at(doc, root, 1), work, mw_doc_pop(work), &arena, &out,
                        &err) == MW_OK) {
        if (!out.url || !out.scheme || !out.host || !out.path)
            abort();
    } else if (!err.message[0]) {
        abort();
    }
out:
    mw_doc_builder_free(work);
    mw_doc_builder_free(b);
    mw_doc_free(doc);
    mw_arena_clear(&arena);
    return 0;
}
