/* Pieces of Lua text that stay what they are meant to be, whatever is in them. */
#ifndef MW_REPORT_LUA_TEXT_H
#define MW_REPORT_LUA_TEXT_H

#include "base/buf.h"

#include <stdbool.h>

/** A quoted string, in one line. NULL gives "". */
void mw_lua_string(mw_buf *out, const char *s);
/** Text for a comment: in one line, without control characters. */
void mw_lua_comment(mw_buf *out, const char *s);
/** A table key: as it is when it is a name, else ["…"]. */
void mw_lua_key(mw_buf *out, const char *s, size_t len);
/** Letters, digits and underscores, no keyword. */
bool mw_lua_is_name(const char *s, size_t len);
/** A global that rules have: a local of that name would hide it. */
bool mw_lua_is_known(const char *s);

#endif
