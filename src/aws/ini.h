/* The INI dialect of the AWS tools' shared config and credentials files. */
#ifndef MW_AWS_INI_H
#define MW_AWS_INI_H

#include "base/arena.h"
#include "moonward/status.h"

#include <stddef.h>
#include <stdint.h>

/** One `key = value`, or one line of the block below an empty `key =`. Strings live in the arena. */
typedef struct mw_ini_entry {
    const char *key;
    const char *sub;   /* key inside a nested block, else NULL */
    const char *value; /* raw: no quotes, no inline comments, `%` is literal */
    unsigned line;
} mw_ini_entry;

typedef struct mw_ini_section {
    const char *name; /* between the brackets, trimmed: "profile x" */
    unsigned line;
    mw_ini_entry *entries;
    size_t count, cap;
} mw_ini_section;

typedef struct mw_ini {
    mw_ini_section *sections; /* equal names are one section */
    size_t count, cap;
    uint32_t *slots; /* open-addressed index by name: section + 1, 0 = free */
    size_t slot_count;
} mw_ini;

/**
 * Parse @p text. @p name is for messages ("path:line: …").
 * @return MW_OK; MW_ERR_INVALID naming the line and what was expected; MW_ERR_LIMIT; MW_ERR_NOMEM.
 */
mw_status mw_ini_parse(const char *name, const char *text, size_t len, mw_arena *arena, mw_ini *out, mw_error *err);
/** By exact name, or NULL. */
const mw_ini_section *mw_ini_find(const mw_ini *ini, const char *name);
/** Last value of a key (case-insensitive); @p sub NULL = the key itself. NULL when absent. */
const mw_ini_entry *mw_ini_get(const mw_ini_section *s, const char *key, const char *sub);

#endif
