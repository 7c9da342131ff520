/* Manual pages, from the table of commands. */
#ifndef MW_CLI_MAN_H
#define MW_CLI_MAN_H

#include "cli/command.h"

/** moonward(1), or, with a command, its own page moonward-<command>(1), as roff for man(7). */
mw_status mw_man_page(const mw_command *c, mw_buf *out, mw_error *err);
/** "moonward.1", "moonward-rules-show.1". @return @p out. */
const char *mw_man_name(const mw_command *c, char *out, size_t size);

#endif
