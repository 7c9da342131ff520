/* CSV reader on arbitrary bytes: no crash, and every row is an object of texts. */
#include "inventory/csv.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mw_doc_builder *b = NULL;
    mw_error err = {0};

    if (mw_doc_builder_new(&(mw_doc_options){.max_bytes = (size_t)32 << 20}, &b, &err) != MW_OK)
        return 0;
    if (mw_csv_read(b, (const char *)data, size, &err) == MW_OK) {
        const mw_doc *d = mw_doc_view(b);
        mw_val rows = mw_doc_pop(b);
        for (size_t i = 0; i < mw_val_len(d, rows); i++)
            if (mw_val_kind(d, mw_val_at(d, rows, i)) != MW_KIND_OBJECT)
                abort();
    }
    mw_doc_builder_free(b);
    return 0;
}
