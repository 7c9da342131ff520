/*
 * The C half of the modules in src/lua/lib: `native`, a table that only they see. What loops over
 * bytes stands here: wildcards, blocks of addresses, JSON, secrets, certificates. Relies on the
 * modules for every rule of judgement. Memory that must outlive a Lua error is Lua's own, or the
 * VM's scratch buffer.
 */
#include "lua/cert.h"
#include "lua/cidr.h"
#include "lua/internal.h"
#include "lua/secrets.h"
#include "lua/wildcard.h"

#include "base/str.h"
#include "base/time.h"

#include <string.h>

/* ---- wildcards ---- */

#define SYMBOLS_ON_STACK 512

struct pattern {
    uint32_t small[SYMBOLS_ON_STACK];
    uint32_t *symbols;
    size_t len;
};

/* What does not fit into @p p is a userdata left on the stack. */
MW_LJMP static void compile(lua_State *L, int index, unsigned flags, struct pattern *p)
{
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);

    if (len > MW_WILD_BYTES_MAX)
        luaL_error(L, "a pattern or text of %d bytes; at most %d are compared", (int)len, (int)MW_WILD_BYTES_MAX);
    p->symbols = len <= SYMBOLS_ON_STACK ? p->small : lua_newuserdatauv(L, len * sizeof(uint32_t), 0);
    p->len = mw_wild_compile(text, len, flags, p->symbols);
}

MW_LJMP static unsigned wild_flags(lua_State *L)
{
    return (lua_toboolean(L, 3) ? MW_WILD_FOLD : 0u) | (lua_toboolean(L, 4) ? MW_WILD_VARIABLES : 0u);
}

MW_LJMP static int push_answer(lua_State *L, mw_wild_answer answer)
{
    mw__poll(L);
    if (answer == MW_WILD_TOO_LONG)
        return luaL_error(L, "the patterns are too long to be compared");
    lua_pushboolean(L, answer == MW_WILD_YES);
    return 1;
}

/* match(pattern, text, fold, variables): a variable stands for any text. */
MW_LJMP static int native_match(lua_State *L)
{
    struct pattern pattern, text;

    lua_settop(L, 4);
    compile(L, 1, wild_flags(L), &pattern);
    compile(L, 2, (wild_flags(L) & MW_WILD_FOLD) | MW_WILD_PLAIN, &text);
    return push_answer(L, mw_wild_covers(pattern.symbols, pattern.len, text.symbols, text.len, true));
}

/* covers(outer, inner, fold, variables) */
MW_LJMP static int native_covers(lua_State *L)
{
    struct pattern outer, inner;

    lua_settop(L, 4);
    compile(L, 1, wild_flags(L), &outer);
    compile(L, 2, wild_flags(L), &inner);
    return push_answer(L, mw_wild_covers(outer.symbols, outer.len, inner.symbols, inner.len, false));
}

/* meets(a, b, fold, variables) */
MW_LJMP static int native_meets(lua_State *L)
{
    struct pattern a, b;
    uint8_t *row;

    lua_settop(L, 4);
    compile(L, 1, wild_flags(L), &a);
    compile(L, 2, wild_flags(L), &b);
    row = lua_newuserdatauv(L, b.len + 1, 0);
    return push_answer(L, mw_wild_meets(a.symbols, a.len, b.symbols, b.len, row));
}

/* ---- addresses ---- */

/* Text at @p index as a block; false when it is none. */
MW_LJMP static bool read_block(lua_State *L, int index, mw_cidr *out)
{
    size_t len;
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &len) : NULL;

    return text && mw_cidr_parse(text, len, out);
}

/* cidr(text): canonical text, bits, family, bytes; nil when it is none. */
MW_LJMP static int native_cidr(lua_State *L)
{
    char text[MW_CIDR_SIZE];
    mw_cidr block;

    if (!read_block(L, 1, &block)) {
        lua_pushnil(L);
        return 1;
    }
    mw_cidr_text(text, &block);
    lua_pushstring(L, text);
    lua_pushinteger(L, block.bits);
    lua_pushinteger(L, block.family);
    lua_pushlstring(L, (const char *)block.bytes, block.family == 4 ? 4 : 16);
    return 4;
}

MW_LJMP static int compare_blocks(lua_State *L, bool (*test)(const mw_cidr *, const mw_cidr *))
{
    mw_cidr a, b;

    if (!read_block(L, 1, &a) || !read_block(L, 2, &b))
        lua_pushnil(L);
    else
        lua_pushboolean(L, test(&a, &b));
    return 1;
}

MW_LJMP static int native_cidr_contains(lua_State *L)
{
    return compare_blocks(L, mw_cidr_contains);
}

MW_LJMP static int native_cidr_overlaps(lua_State *L)
{
    return compare_blocks(L, mw_cidr_overlaps);
}

#define BLOCKS_MAX 100000

/* cidr_merge(list of texts): the merged list, or nil and the text that is no block. */
MW_LJMP static int native_cidr_merge(lua_State *L)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
    char text[MW_CIDR_SIZE];
    mw_cidr *blocks;
    size_t count;

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, n <= BLOCKS_MAX, 1, "too many blocks");
    blocks = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof(*blocks), 0);
    for (lua_Integer i = 0; i < n; i++) {
        lua_rawgeti(L, 1, i + 1);
        if (!read_block(L, -1, &blocks[i])) {
            lua_pushnil(L);
            lua_insert(L, -2);
            return 2;
        }
        lua_pop(L, 1);
    }
    count = mw_cidr_merge(blocks, (size_t)n);
    mw__poll(L);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        mw_cidr_text(text, &blocks[i]);
        lua_pushstring(L, text);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- texts ---- */

/* json(text): the value, or nil and why not. */
MW_LJMP static int native_json(lua_State *L)
{
    mw_error err = {0};
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);

    if (mw__push_json(L, text, len, &err) == MW_OK)
        return 1;
    lua_pushnil(L);
    lua_pushstring(L, err.message);
    return 2;
}

MW_LJMP static mw_buf *scratch(lua_State *L)
{
    mw_buf *b = &mw__vm(L)->scratch;

    mw_buf_reset(b);
    b->max = MW_VM_STRING_MAX;
    return b;
}

MW_LJMP static int push_scratch(lua_State *L, mw_status st)
{
    const mw_buf *b = &mw__vm(L)->scratch;

    if (st != MW_OK)
        lua_pushnil(L);
    else
        lua_pushlstring(L, b->len ? b->data : "", b->len);
    return 1;
}

/* percent(text): %XX decoded. */
MW_LJMP static int native_percent(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);

    return push_scratch(L, mw_uri_decode(scratch(L), text, len));
}

/* base64(text): the bytes, or nil. */
MW_LJMP static int native_base64(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);

    return push_scratch(L, mw_base64_decode(scratch(L), text, len, NULL));
}

#define NS_PER_S INT64_C(1000000000)

/* time(text): Unix seconds, rounded down; nil when it is no time. */
MW_LJMP static int native_time(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    int64_t ns;

    if (mw_time_parse(text, len, &ns, NULL) != MW_OK)
        lua_pushnil(L);
    else
        lua_pushinteger(L, (lua_Integer)(ns / NS_PER_S - (ns % NS_PER_S < 0)));
    return 1;
}

/* ---- secrets ---- */

MW_LJMP static void push_secret(lua_State *L, const char *text, const mw_secret *s)
{
    luaL_Buffer b;

    lua_createtable(L, 0, 6);
    lua_pushstring(L, s->kind);
    lua_setfield(L, -2, "kind");
    lua_pushinteger(L, (lua_Integer)s->from + 1);
    lua_setfield(L, -2, "from");
    lua_pushinteger(L, (lua_Integer)s->to);
    lua_setfield(L, -2, "to");
    luaL_buffinit(L, &b);
    luaL_addlstring(&b, text + s->from, s->shown);
    luaL_addstring(&b, "***");
    luaL_pushresult(&b);
    lua_setfield(L, -2, "masked");
}

/* secrets(text): list of { kind, from, to, line, masked }. */
MW_LJMP static int native_secrets(lua_State *L)
{
    mw_secret found[MW_SECRETS_MAX];
    size_t len, n, at = 0;
    lua_Integer line = 1;
    const char *text = luaL_checklstring(L, 1, &len);

    luaL_argcheck(L, len <= MW_VM_STRING_MAX, 1, "the text is too long to be searched for secrets");
    n = mw_secrets_find(text, len, found);
    mw__poll(L);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        for (; at < found[i].from; at++)
            line += text[at] == '\n';
        push_secret(L, text, &found[i]);
        lua_pushinteger(L, line);
        lua_setfield(L, -2, "line");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* secret(name, value): { kind, from, to, masked } when the name makes the value one, else nil. */
MW_LJMP static int native_secret(lua_State *L)
{
    size_t name_len, len;
    const char *name = luaL_checklstring(L, 1, &name_len), *value = luaL_checklstring(L, 2, &len);
    mw_secret s;

    if (mw_secrets_named(name, name_len, value, len, &s))
        push_secret(L, value, &s);
    else
        lua_pushnil(L);
    return 1;
}

/* ---- certificates ---- */

MW_LJMP static void set_text(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

MW_LJMP static void set_name(lua_State *L, const char *key, mw_der name, mw_status (*write)(mw_buf *, mw_der))
{
    mw_status st = write(scratch(L), name);

    if (st == MW_OK && mw__vm(L)->scratch.len) {
        push_scratch(L, st);
        lua_setfield(L, -2, key);
    }
}

MW_LJMP static void set_number(lua_State *L, const char *key, int64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, key);
}

MW_LJMP static void push_certificate(lua_State *L, const mw_cert *c)
{
    mw_der names = c->alt_names;
    const char *kind;
    mw_buf *text;

    lua_createtable(L, 0, 16);
    set_name(L, "subject", c->subject, mw_cert_name);
    set_name(L, "issuer", c->issuer, mw_cert_name);
    set_name(L, "common_name", c->subject, mw_cert_common_name);
    set_number(L, "not_before", c->not_before);
    set_number(L, "not_after", c->not_after);
    set_number(L, "version", c->version);
    set_text(L, "signature", c->signature);
    set_text(L, "key_type", c->key_type);
    set_text(L, "curve", c->curve);
    if (c->key_bits)
        set_number(L, "key_bits", c->key_bits);
    lua_pushboolean(L, c->is_ca);
    lua_setfield(L, -2, "is_ca");
    lua_pushboolean(L, c->subject.len == c->issuer.len && memcmp(c->subject.data, c->issuer.data, c->subject.len) == 0);
    lua_setfield(L, -2, "self_issued");
    text = scratch(L);
    for (size_t i = 0; i < c->serial.len; i++)
        mw_buf_printf(text, "%02x", c->serial.data[i]);
    push_scratch(L, mw_buf_status(text, NULL));
    lua_setfield(L, -2, "serial");
    lua_newtable(L);
    text = scratch(L);
    for (lua_Integer i = 1; mw_cert_next_alt(&names, &kind, text); i++) {
        lua_createtable(L, 0, 2);
        set_text(L, "kind", kind);
        push_scratch(L, MW_OK);
        lua_setfield(L, -2, "value");
        lua_rawseti(L, -2, i);
    }
    lua_setfield(L, -2, "names");
}

/* certificate(text): a table, or nil and why not. PEM, else DER, else base64 of DER. */
MW_LJMP static int native_certificate(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    mw_error err = {0};
    mw_buf *der = scratch(L);
    mw_status st = mw_cert_from_pem(der, text, len, &err);
    mw_cert c;

    if (st == MW_ERR_NOTFOUND && (len == 0 || text[0] != 0x30)) {
        mw_buf_reset(der);
        st = mw_base64_decode(der, text, len, NULL);
    }
    if (st == MW_OK) { /* a copy that Lua owns: the parts point into it */
        lua_pushlstring(L, der->len ? der->data : "", der->len);
        text = lua_tolstring(L, -1, &len);
    }
    if (st == MW_OK || st == MW_ERR_NOTFOUND)
        st = mw_cert_read((const uint8_t *)text, len, &c, &err);
    mw__poll(L);
    if (st == MW_OK) {
        push_certificate(L, &c);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, err.message[0] ? err.message : "neither PEM nor DER");
    return 2;
}

MW_LJMP void mw__open_native(lua_State *L)
{
    static const luaL_Reg functions[] = {{"match", native_match},
                                         {"covers", native_covers},
                                         {"meets", native_meets},
                                         {"cidr", native_cidr},
                                         {"cidr_contains", native_cidr_contains},
                                         {"cidr_overlaps", native_cidr_overlaps},
                                         {"cidr_merge", native_cidr_merge},
                                         {"json", native_json},
                                         {"percent", native_percent},
                                         {"base64", native_base64},
                                         {"time", native_time},
                                         {"secrets", native_secrets},
                                         {"secret", native_secret},
                                         {"certificate", native_certificate},
                                         {NULL, NULL}};

    luaL_newlib(L, functions);
}
