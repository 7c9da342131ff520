/* A line of text from a terminal, with history and completion. */
#ifndef MW_CLI_EDITOR_H
#define MW_CLI_EDITOR_H

#include "base/buf.h"

#include <stdbool.h>

#define MW_EDITOR_LINE_MAX    ((size_t)64 << 10)
#define MW_EDITOR_HISTORY_MAX 1000

typedef struct mw_editor mw_editor;

/**
 * What may stand at @p at (a byte) of the line: names in @p out, one a line, that replace the text from @p *from to
 * @p at. Called on Tab.
 */
typedef void (*mw_editor_complete)(void *user, const char *line, size_t at, size_t *from, mw_buf *out);

/** @p in and @p out are a terminal's descriptors. @p stop becomes true: reading ends. MW_ERR_NOMEM. */
mw_status mw_editor_new(int in, int out, const volatile bool *stop, mw_editor_complete complete, void *user,
                        mw_editor **to, mw_error *err);
void mw_editor_free(mw_editor *e);
/**
 * Read a line, without its end. The terminal is as it was before, whatever happens.
 * @return MW_OK; MW_ERR_CANCELLED: Ctrl-C, the line is void; MW_ERR_NOTFOUND: Ctrl-D on an empty line, or the terminal
 *         is gone, or @p stop; MW_ERR_IO; MW_ERR_NOMEM.
 */
mw_status mw_editor_read(mw_editor *e, const char *prompt, mw_buf *line, mw_error *err);
/** Remember a line, unless it is empty or the same as the last. */
void mw_editor_remember(mw_editor *e, const char *line);
/** Lines of a file into the history; an absent file is an empty one. */
mw_status mw_editor_load(mw_editor *e, const char *path, mw_error *err);
/** Write the history, readable by its owner alone; folders are made. */
mw_status mw_editor_save(const mw_editor *e, const char *path, mw_error *err);

#endif
