/* The modules that scripts may require: Lua text, embedded at build time from lib/. */
#ifndef MW_LUA_MODULES_H
#define MW_LUA_MODULES_H

#include <stddef.h>

typedef struct mw_lua_module {
    const char *name;
    const unsigned char *source;
    size_t len;
} mw_lua_module;

extern const mw_lua_module mw__lua_modules[];
extern const size_t mw__lua_module_count;
extern const mw_lua_module mw__lua_metas[]; /* generated from meta/ */
extern const size_t mw__lua_meta_count;

#endif
