/* What an audit's worker says, up to the call that would be made: nothing but a read with an object of parameters. */
#include "engine/audit_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mw_doc_builder *b;
    static const mw_models *models;
    size_t at = 0, used;
    mw_record r;

    if (!b && (mw_doc_builder_new(NULL, &b, NULL) != MW_OK || mw_models_builtin(&models, NULL) != MW_OK))
        abort();
    while (mw_record_decode(data + at, size - at, &r, &used, NULL) == MW_OK) {
        const mw_operation *op = NULL;
        mw_val params;
        mw_doc_builder_reset(b);
        if (mw__audit_question(models, &r, b, &op, &params, NULL) == MW_OK &&
            (!op || !mw_operation_read_only(op) || r.item >= MW_VM_ASK_COUNT ||
             (params != MW_VAL_ABSENT && mw_val_kind(mw_doc_view(b), params) != MW_KIND_OBJECT)))
            abort();
        at += used;
    }
    return 0;
}
