/* Carries the compiled resource types: a document in read-only memory, found by two symbols. */
#include "inventory/type_internal.h"

/* MW_TYPES_BLOB is the path of mw-typec's output, given by the build. */
__asm__(".section .rodata\n"
        ".balign 16\n"
        ".hidden mw_types_blob_begin\n"
        ".global mw_types_blob_begin\n"
        "mw_types_blob_begin:\n"
        ".incbin \"" MW_TYPES_BLOB "\"\n"
        ".hidden mw_types_blob_end\n"
        ".global mw_types_blob_end\n"
        "mw_types_blob_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const char mw_types_blob_begin[], mw_types_blob_end[];

const void *mw_types_builtin(size_t *size)
{
    *size = (size_t)(mw_types_blob_end - mw_types_blob_begin);
    return mw_types_blob_begin;
}
