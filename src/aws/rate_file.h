/*
 * Learnt ceilings of request rates, kept from one run to the next: a small text file, a line each.
 * What is old is believed less: a ceiling may double each day, and is forgotten after a week.
 */
#ifndef MW_AWS_RATE_FILE_H
#define MW_AWS_RATE_FILE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct mw_rate_entry {
    const char *account, *region, *service; /* "" when there is none */
    double ceiling_rps;
    int64_t learnt_unix;
} mw_rate_entry;

#define MW_RATE_ENTRIES_MAX 2000

/** Zero-initialised; strings and entries live in the arena. */
typedef struct mw_rate_entries {
    mw_rate_entry *items;
    size_t count, cap;
    mw_arena arena;
} mw_rate_entries;

/** A missing file is none; one that cannot be read or is damaged is none too, with a warning. */
void mw_rate_file_read(const char *path, int64_t now_unix, mw_rate_entries *out);
/** The whole file anew, mode 0600, atomically. MW_ERR_IO, MW_ERR_NOMEM. */
mw_status mw_rate_file_write(const char *path, const mw_rate_entries *entries, mw_error *err);

/** NULL when there is none. */
mw_rate_entry *mw_rate_entry_find(const mw_rate_entries *e, const char *account, const char *region,
                                  const char *service);
/** Set or add, copying the strings. False beyond the ceiling, or without memory: it is not kept. */
bool mw_rate_entry_set(mw_rate_entries *e, const mw_rate_entry *entry);
/** What an entry is worth now. */
double mw_rate_entry_ceiling(const mw_rate_entry *entry, int64_t now_unix);
void mw_rate_entries_clear(mw_rate_entries *e);

#endif
