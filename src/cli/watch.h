/* Waiting for files to change. */
#ifndef MW_CLI_WATCH_H
#define MW_CLI_WATCH_H

#include "moonward/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct mw_watch mw_watch;

/** Look at files, and at the *.lua and *.yaml below folders, as they are now. What does not exist may come. */
mw_status mw_watch_new(const char *const *paths, size_t count, mw_watch **out, mw_error *err);
/** Files seen by the last look. */
size_t mw_watch_count(const mw_watch *w);
/**
 * Wait until some differ from the last look (made, changed, replaced or gone) and nothing more has happened
 * for a moment.
 * @param[out] changed  Their paths, sorted; valid until the next call.
 * @return MW_OK; MW_ERR_CANCELLED once *@p stop is true; MW_ERR_NOMEM.
 */
mw_status mw_watch_wait(mw_watch *w, const volatile bool *stop, const char *const **changed, size_t *count,
                        mw_error *err);
void mw_watch_free(mw_watch *w);

#endif
