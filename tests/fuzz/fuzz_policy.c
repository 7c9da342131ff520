/* Policy documents as text, through the module as scripts use it: a verdict or an error that the script can catch. */
#include "lua/internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const char *text;
    size_t len;
};

static int judge(lua_State *L)
{
    static const char *const calls[] = {"is_public", "cross_account", "is_admin", "escalations"};
    const struct input *in = lua_touserdata(L, 1);

    luaL_checkstack(L, 16, NULL);
    lua_pushcfunction(L, mw__require);
    lua_pushliteral(L, "policy");
    lua_call(L, 1, 1);
    for (size_t i = 0; i < MW_COUNT(calls); i++) {
        lua_getfield(L, -1, calls[i]);
        lua_pushlstring(L, in->text, in->len);
        if (i == 1)
            lua_pushliteral(L, "111122223333");
        lua_call(L, i == 1 ? 2 : 1, 1);
        lua_pop(L, 1);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mw_vm *vm;
    struct input in = {(const char *)data, size};
    mw_error err = {0};
    mw_status st;

    if (!vm && mw_vm_new(0, &vm, &err) != MW_OK)
        abort();
    st = mw__vm_run(vm, judge, &in, 60000, &err);
    if (st == MW_ERR_SCRIPT && strncmp(err.message, "policy: ", 8) != 0 && !strstr(err.message, "compared"))
        abort(); /* a fault of the module, not of the document */
    if (st != MW_OK && st != MW_ERR_SCRIPT)
        abort();
    return 0;
}
