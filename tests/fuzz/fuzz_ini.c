/* Shared config files of arbitrary bytes: no crash, and every section that was read can be found. */
#include "aws/ini.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mw_arena arena = {.max_bytes = (size_t)16 << 20};
    mw_ini ini;
    mw_error err = {0};

    if (size > (size_t)1 << 16)
        return 0;
    if (mw_ini_parse("fuzz", (const char *)data, size, &arena, &ini, &err) == MW_OK)
        for (size_t i = 0; i < ini.count; i++) {
            const mw_ini_section *s = mw_ini_find(&ini, ini.sections[i].name);

            if (s != &ini.sections[i])
                abort();
            for (size_t k = 0; k < s->count; k++)
                if (!mw_ini_get(s, s->entries[k].key, s->entries[k].sub))
                    abort();
        }
    else if (!err.message[0])
        abort();
    mw_arena_clear(&arena);
    return 0;
}
