/* The linter's parser: never crashes, and takes what Lua's own takes. What it takes is linted, too.
 */
#include "base/mem.h"
#include "lint/lint.h"
#include "lint/lua_ast.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mw_lint_options o;
    const char *source = size ? (const char *)data : "";
    MW_AUTO(mw_arena) arena = {.max_bytes = (size_t)256 << 20};
    mw_lint *l = NULL;
    lua_State *L;
    lua_tree tree;
    const char *why;
    bool ours, theirs;

    if (size > 65536) /* as long as a run may take */
        return 0;
    if (!o.models &&
        (mw_models_builtin(&o.models, NULL) != MW_OK || mw_types_load(NULL, 0, (mw_types **)&o.types, NULL) != MW_OK))
        abort();
    ours = mw_lua_parse(source, size, &arena, &tree, NULL) == MW_OK;
    L = luaL_newstate();
    theirs = luaL_loadbufferx(L, source, size, "=x", "t") == LUA_OK;
    why = theirs ? "" : lua_tostring(L, -1);
    if (ours != theirs && !tree.limit && !strstr(why, "registers") && !strstr(why, "upvalues") &&
        !strstr(why, "overflow") && !strstr(why, "too long") && !strstr(why, "C levels"))
        abort();
    lua_close(L);
    if (!ours)
        return 0;
    if (mw_lint_new(&o, &l, NULL) != MW_OK)
        abort();
    mw_lint_add(l, "x.lua", source, size, "x_test.lua", source, size, NULL);
    mw_lint_finish(l, NULL);
    mw_lint_free(l);
    return 0;
}
