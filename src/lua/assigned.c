/*
 * Which of its upvalues a function assigns, itself or through functions that it makes: read from the
 * precompiled form that lua_dump() gives, for the API does not tell. Relies on the format of Lua 5.4 (ldump.c,
 * lopcodes.h), which 5.4.0 to 5.4.8 share; what does not read as that is refused, and mw__open_freezing() tries it
 * on a known function first. Pure, and bounded by the dump: every length is checked against what is left.
 */
#include "lua/internal.h"

#include <string.h>

#define OP_SETUPVAL   10 /* UpValue[B] := R[A] */
#define OPCODE(i)     ((i)&0x7Fu)
#define ARGUMENT_B(i) ((i) >> 16 & 0xFFu)

/* Tags of constants. */
enum {
    TAG_NIL = 0x00,
    TAG_FALSE = 0x01,
    TAG_TRUE = 0x11,
    TAG_INTEGER = 0x03,
    TAG_FLOAT = 0x13,
    TAG_SHORT = 0x04,
    TAG_LONG = 0x14
};

typedef struct reader {
    const uint8_t *p, *end;
    bool failed;
} reader;

static const uint8_t *take(reader *r, size_t n)
{
    const uint8_t *at = r->p;

    if (r->failed || n > (size_t)(r->end - r->p)) {
        r->failed = true;
        return NULL;
    }
    r->p += n;
    return at;
}

static uint8_t byte(reader *r)
{
    const uint8_t *at = take(r, 1);

    return at ? *at : 0;
}

/* Seven bits a byte, the most significant first; the last has its high bit set. */
static size_t number(reader *r)
{
    size_t n = 0;
    uint8_t b;

    do {
        b = byte(r);
        if (n > SIZE_MAX >> 8)
            r->failed = true;
        n = n << 7 | (b & 0x7Fu);
    } while (!(b & 0x80) && !r->failed);
    return n;
}

static void skip_items(reader *r, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        r->failed = true;
    take(r, r->failed ? 0 : count * size);
}

static void skip_text(reader *r)
{
    size_t size = number(r);

    take(r, size ? size - 1 : 0);
}

static void skip_constants(reader *r)
{
    for (size_t n = number(r); n > 0 && !r->failed; n--)
        switch (byte(r)) {
        case TAG_NIL:
        case TAG_FALSE:
        case TAG_TRUE: break;
        case TAG_INTEGER: take(r, sizeof(lua_Integer)); break;
        case TAG_FLOAT: take(r, sizeof(lua_Number)); break;
        case TAG_SHORT:
        case TAG_LONG: skip_text(r); break;
        default: r->failed = true;
        }
}

static void skip_debug(reader *r)
{
    skip_items(r, number(r), 1);                           /* lines */
    for (size_t n = number(r); n > 0 && !r->failed; n--) { /* absolute lines */
        number(r);
        number(r);
    }
    for (size_t n = number(r); n > 0 && !r->failed; n--) { /* locals */
        skip_text(r);
        number(r);
        number(r);
    }
    for (size_t n = number(r); n > 0 && !r->failed; n--) /* names of upvalues */
        skip_text(r);
}

/* Lua's parser nests at most LUAI_MAXCCALLS (200) functions. */
#define NESTING_MAX 256

/* A function; @p outer gets what it assigns of the function around it. */
static void read_function(reader *r, mw_upvalues *assigned, mw_upvalues *outer, int depth)
{
    const uint8_t *code, *upvalues;
    size_t n, count;

    if (depth > NESTING_MAX)
        r->failed = true;
    memset(assigned, 0, sizeof(*assigned));
    skip_text(r); /* source */
    number(r);    /* first and last line */
    number(r);
    take(r, 3); /* parameters, vararg, registers */
    n = number(r);
    code = n <= SIZE_MAX / 4 ? take(r, n * 4) : NULL;
    for (size_t i = 0; code && i < n; i++) {
        uint32_t instruction;
        memcpy(&instruction, code + i * 4, 4);
        if (OPCODE(instruction) == OP_SETUPVAL)
            mw__upvalue_set(assigned, ARGUMENT_B(instruction));
    }
    skip_constants(r);
    count = number(r);
    upvalues = count <= 255 ? take(r, count * 3) : NULL; /* in the stack?, index, kind */
    if (!upvalues)
        r->failed = true;
    for (n = number(r); n > 0 && !r->failed; n--) {
        mw_upvalues inner;
        read_function(r, &inner, assigned, depth + 1);
    }
    skip_debug(r);
    for (size_t i = 0; outer && !r->failed && i < count; i++)
        if (!upvalues[i * 3] && mw__upvalue_is(assigned, i))
            mw__upvalue_set(outer, upvalues[i * 3 + 1]);
}

static int append(lua_State *L, const void *data, size_t size, void *to)
{
    (void)L;
    return mw_buf_add(to, data, size, NULL) != MW_OK;
}

/* Signature, version, format, a text that conversions would break, three sizes, an integer, a number, count of upvalues. */
static bool read_header(reader *r)
{
    static const char expected[] = LUA_SIGNATURE "\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08";
    const uint8_t *head = take(r, sizeof(expected) - 1 + sizeof(lua_Integer) + sizeof(lua_Number) + 1);

    return head && memcmp(head, expected, sizeof(expected) - 1) == 0;
}

MW_LJMP void mw__assigned(lua_State *L, int index, mw_upvalues *out)
{
    mw_buf *dump = &mw__vm(L)->scratch;
    reader r = {0};

    mw_buf_reset(dump);
    dump->max = (size_t)8 << 20; /* of a source of 256 KiB at most */
    lua_pushvalue(L, index);
    if (lua_dump(L, append, dump, 1) != 0)
        luaL_error(L, "a function is too large");
    lua_pop(L, 1);
    r.p = (const uint8_t *)dump->data;
    r.end = r.p + dump->len;
    if (read_header(&r))
        read_function(&r, out, NULL, 0);
    if (r.failed || r.p != r.end)
        luaL_error(L, "this Lua's functions cannot be examined");
}
