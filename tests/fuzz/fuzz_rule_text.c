/* Hostile rule files as text: the leading comment, and the search for names outside comments and strings. */
#include "engine/rule_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data;
    mw_arena arena = {.max_bytes = 16 << 20};
    mw_rule_comment comment;

    if (mw__rule_comment(s, size, &arena, &comment) && (!comment.description || !comment.see))
        abort();
    if (mw__rule_uses_name(s, size, "tags") > size)
        abort();
    mw_arena_clear(&arena);
    return 0;
}
