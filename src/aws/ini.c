/*
 * Reads the INI dialect of ~/.aws/config and ~/.aws/credentials as botocore reads it: sections,
 * `key = value` (or `key: value`), whole-line comments, continuation lines, and nested blocks below
 * a key without value. Relies on an arena for every string. Never prints a value: the files hold
 * secrets, so messages name path, line and key only.
 */
#include "aws/ini.h"

#include "base/hash.h"
#include "base/str.h"

#include <string.h>

/* A file of 100,000 profiles stays below both; more is not a config file. */
#define MAX_SECTIONS            200000u
#define MAX_ENTRIES_PER_SECTION 4096u
#define MAX_JOINED_BYTES        8192 /* one value over continuation lines */

typedef struct reader {
    const char *name;
    mw_arena *arena;
    mw_ini *ini;
    size_t current;  /* section, or SIZE_MAX before the first */
    size_t open_key; /* entry that indented lines belong to, or SIZE_MAX */
    bool nested;     /* the open key had no value */
    unsigned line;
    mw_error *err;
} reader;

static mw_status no_memory(reader *r)
{
    return mw_fail(r->err, MW_ERR_NOMEM, "%s:%u: out of memory", r->name, r->line);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static mw_str trim(const char *s, size_t len)
{
    while (len && blank(*s)) {
        s++;
        len--;
    }
    while (len && blank(s[len - 1]))
        len--;
    return (mw_str){s, len};
}

static void *grown(reader *r, void *items, size_t count, size_t *cap, size_t size)
{
    size_t next = *cap ? *cap * 2 : 8;
    void *copy;

    if (count < *cap)
        return items;
    copy = mw_arena_alloc(r->arena, next * size);
    if (!copy)
        return NULL;
    if (count)
        memcpy(copy, items, count * size);
    *cap = next;
    return copy;
}

/* Where @p name is, or the free slot where it belongs. */
static size_t find_slot(const mw_ini *ini, const char *name)
{
    size_t at = (size_t)mw_hash64(name, strlen(name)) & (ini->slot_count - 1);

    while (ini->slots[at] && strcmp(ini->sections[ini->slots[at] - 1].name, name) != 0)
        at = (at + 1) & (ini->slot_count - 1);
    return at;
}

/* The newest section into the index, which is kept at most half full. */
static mw_status index_section(reader *r)
{
    mw_ini *ini = r->ini;
    size_t first = ini->count - 1;

    if (ini->count * 2 > ini->slot_count) {
        ini->slot_count = ini->slot_count ? ini->slot_count * 2 : 16;
        ini->slots = mw_arena_alloc(r->arena, ini->slot_count * sizeof(*ini->slots));
        if (!ini->slots)
            return no_memory(r);
        first = 0;
    }
    for (size_t i = first; i < ini->count; i++)
        ini->slots[find_slot(ini, ini->sections[i].name)] = (uint32_t)(i + 1);
    return MW_OK;
}

static mw_status open_section(reader *r, mw_str text)
{
    const char *end = memchr(text.data, ']', text.len);
    mw_ini *ini = r->ini;
    const mw_ini_section *known;
    mw_ini_section *grow;
    mw_str inner, rest;
    char *name;

    if (!end)
        return mw_fail(r->err, MW_ERR_INVALID, "%s:%u: section header has no ']'", r->name, r->line);
    inner = trim(text.data + 1, (size_t)(end - text.data) - 1);
    rest = trim(end + 1, text.len - (size_t)(end - text.data) - 1);
    if (inner.len == 0 || (rest.len && *rest.data != '#' && *rest.data != ';'))
        return mw_fail(r->err, MW_ERR_INVALID, "%s:%u: expected '[name]' alone on the line", r->name, r->line);
    name = mw_arena_strndup(r->arena, inner.data, inner.len);
    if (!name)
        return no_memory(r);
    r->open_key = SIZE_MAX;
    known = mw_ini_find(ini, name);
    if (known) {
        r->current = (size_t)(known - ini->sections);
        return MW_OK;
    }
    if (ini->count >= MAX_SECTIONS)
        return mw_fail(r->err, MW_ERR_LIMIT, "%s:%u: more than %u sections", r->name, r->line, MAX_SECTIONS);
    grow = grown(r, ini->sections, ini->count, &ini->cap, sizeof(*grow));
    if (!grow)
        return no_memory(r);
    ini->sections = grow;
    r->current = ini->count++;
    ini->sections[r->current] = (mw_ini_section){.name = name, .line = r->line};
    return index_section(r);
}

static mw_status add_entry(reader *r, mw_str key, const char *parent, mw_str value)
{
    mw_ini_section *s = &r->ini->sections[r->current];
    mw_ini_entry *grow;
    mw_ini_entry e = {.line = r->line};
    char *k = mw_arena_strndup(r->arena, key.data, key.len);

    e.key = parent ? parent : k;
    e.sub = parent ? k : NULL;
    e.value = mw_arena_strndup(r->arena, value.data, value.len);
    if (!k || !e.value)
        return no_memory(r);
    if (s->count >= MAX_ENTRIES_PER_SECTION)
        return mw_fail(r->err, MW_ERR_LIMIT, "%s:%u: more than %u keys in [%s]", r->name, r->line,
                       MAX_ENTRIES_PER_SECTION, s->name);
    grow = grown(r, s->entries, s->count, &s->cap, sizeof(*grow));
    if (!grow)
        return no_memory(r);
    s->entries = grow;
    s->entries[s->count++] = e;
    return MW_OK;
}

/* Splits at the first '=' or ':'; false when there is none or no key before it. */
static bool split(mw_str text, bool colon, mw_str *key, mw_str *value)
{
    size_t i = 0;

    while (i < text.len && text.data[i] != '=' && !(colon && text.data[i] == ':'))
        i++;
    if (i == text.len)
        return false;
    *key = trim(text.data, i);
    *value = trim(text.data + i + 1, text.len - i - 1);
    return key->len > 0;
}

static mw_status indented_line(reader *r, mw_str text)
{
    mw_ini_section *s = &r->ini->sections[r->current];
    mw_ini_entry *open = &s->entries[r->open_key];
    mw_str key, value;
    char *joined;

    if (r->nested) {
        if (!split(text, false, &key, &value))
            return mw_fail(r->err, MW_ERR_INVALID, "%s:%u: expected 'key = value' in the block of '%s'", r->name,
                           r->line, open->key);
        return add_entry(r, key, open->key, value);
    }
    if (strlen(open->value) + text.len > MAX_JOINED_BYTES)
        return mw_fail(r->err, MW_ERR_LIMIT, "%s:%u: the value of '%s' is longer than %d bytes", r->name, r->line,
                       open->key, MAX_JOINED_BYTES);
    joined = mw_arena_printf(r->arena, "%s\n%.*s", open->value, (int)text.len, text.data);
    if (!joined)
        return no_memory(r);
    open->value = joined;
    return MW_OK;
}

static mw_status one_line(reader *r, const char *line, size_t len)
{
    mw_str text = trim(line, len);
    mw_str key, value;
    mw_status st;

    if (text.len == 0 || *text.data == '#' || *text.data == ';')
        return MW_OK;
    if (blank(*line) && r->open_key != SIZE_MAX)
        return indented_line(r, text);
    if (*text.data == '[')
        return open_section(r, text);
    if (r->current == SIZE_MAX)
        return mw_fail(r->err, MW_ERR_INVALID, "%s:%u: expected a '[section]' before the first key", r->name, r->line);
    if (!split(text, true, &key, &value))
        return mw_fail(r->err, MW_ERR_INVALID, "%s:%u: expected 'key = value'", r->name, r->line);
    st = add_entry(r, key, NULL, value);
    if (st != MW_OK)
        return st;
    r->open_key = r->ini->sections[r->current].count - 1;
    r->nested = value.len == 0;
    return MW_OK;
}

mw_status mw_ini_parse(const char *name, const char *text, size_t len, mw_arena *arena, mw_ini *out, mw_error *err)
{
    reader r = {.name = name, .arena = arena, .ini = out, .err = err, .current = SIZE_MAX, .open_key = SIZE_MAX};
    const char *end = text + len;

    *out = (mw_ini){0};
    if (len && memchr(text, '\0', len))
        return mw_fail(err, MW_ERR_INVALID, "%s: is not a text file (it has a NUL byte)", name);
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) /* byte order mark */
        text += 3;
    while (text < end) {
        const char *eol = memchr(text, '\n', (size_t)(end - text));
        size_t n = eol ? (size_t)(eol - text) : (size_t)(end - text);
        mw_status st;

        r.line++;
        st = one_line(&r, text, n);
        if (st != MW_OK)
            return st;
        text += n + (eol != NULL);
    }
    return MW_OK;
}

const mw_ini_section *mw_ini_find(const mw_ini *ini, const char *name)
{
    uint32_t found = ini->slot_count ? ini->slots[find_slot(ini, name)] : 0;

    return found ? &ini->sections[found - 1] : NULL;
}

const mw_ini_entry *mw_ini_get(const mw_ini_section *s, const char *key, const char *sub)
{
    if (!s)
        return NULL;
    for (size_t i = s->count; i-- > 0;) {
        const mw_ini_entry *e = &s->entries[i];
        if (mw_str_ieq(e->key, key) && (sub ? e->sub && mw_str_ieq(e->sub, sub) : !e->sub))
            return e;
    }
    return NULL;
}
