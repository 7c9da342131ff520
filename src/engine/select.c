/*
 * Parsing selections. A recursive descent over three levels (or, and, not) and terms; the only state
 * is the place in the text. Everything that can be wrong without knowing the rules is refused here, with its
 * column, what was expected and the nearest name. Depth, length and memory have ceilings; what a
 * term means for a rule is decided in select_match.c.
 */
#include "engine/select_internal.h"

#include "engine/rule_internal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct key {
    const char *name;
    select_key key;
} keys[] = {
    {"control", SELECT_CONTROL},
    {"framework", SELECT_FRAMEWORK},
    {"id", SELECT_ID},
    {"needs", SELECT_NEEDS},
    {"pack", SELECT_PACK},
    {"path", SELECT_PATH},
    {"pillar", SELECT_PILLAR},
    {"remediation", SELECT_REMEDIATION},
    {"resource", SELECT_TYPE},
    {"service", SELECT_SERVICE},
    {"severity", SELECT_SEVERITY},
    {"tag", SELECT_TAG},
    {"title", SELECT_TITLE},
    {"type", SELECT_TYPE},
};

static const char *const yes_no[] = {"yes", "no"};

struct parser {
    const char *text, *at;
    mw_arena *arena;
    unsigned depth;
    mw_error *err;
};

static mw_status parse_or(struct parser *p, mw_select **out);

int mw__severity_rank(const char *severity)
{
    for (size_t i = 0; i < MW_COUNT(mw__severities); i++)
        if (mw_str_ieq(mw__severities[i], severity))
            return (int)(MW_COUNT(mw__severities) - 1 - i);
    return -1;
}

size_t mw__select_choices(select_key key, const char *const **out)
{
    switch (key) {
    case SELECT_SEVERITY: *out = mw__severities; return MW_COUNT(mw__severities);
    case SELECT_PILLAR: *out = mw__pillars; return MW_COUNT(mw__pillars);
    case SELECT_REMEDIATION: *out = yes_no; return MW_COUNT(yes_no);
    default: *out = NULL; return 0;
    }
}

const char *mw__select_key_name(select_key key)
{
    for (size_t i = 0; i < MW_COUNT(keys); i++)
        if (keys[i].key == key)
            return keys[i].name;
    return "?";
}

/* ---- messages ---- */

/* Columns count characters: bytes that begin one. */
static size_t column_of(const struct parser *p, const char *at)
{
    size_t n = 1;

    for (const char *s = p->text; s < at; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

__attribute__((format(printf, 3, 4))) static mw_status refuse(struct parser *p, const char *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mw_vfail(p->err, MW_ERR_INVALID, format, args);
    va_end(args);
    return mw_error_prefix(p->err, MW_ERR_INVALID, "column %zu", column_of(p, at));
}

static mw_status no_memory(struct parser *p)
{
    return mw_fail(p->err, MW_ERR_NOMEM, "out of memory for a selection");
}

/* "'word'" or "the end", for what stands there instead. */
static const char *found(const char *at, char *out, size_t size)
{
    size_t n = strcspn(at, " \t\r\n()");

    if (!*at)
        return "the end";
    snprintf(out, size, "'%.*s'", (int)(n ? (n < 40 ? n : 40) : 1), at);
    return out;
}

/* ---- words ---- */

static void skip_blanks(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
}

static size_t word_len(const char *s)
{
    return strcspn(s, " \t\r\n()\"':=!<>");
}

static bool at_word(const struct parser *p, const char *word)
{
    size_t n = strlen(word);

    if (strncasecmp(p->at, word, n) != 0)
        return false;
    return p->at[n] == '\0' || strchr(" \t\r\n()\"'", p->at[n]) != NULL;
}

/* `and`, `or`, `not` stand alone; `or:x` is a term with a wrong key. */
static bool take_word(struct parser *p, const char *word)
{
    skip_blanks(p);
    if (!at_word(p, word))
        return false;
    p->at += strlen(word);
    return true;
}

static mw_select *new_node(struct parser *p, select_node kind, const char *from)
{
    mw_select *s = mw_arena_alloc(p->arena, sizeof(*s));

    if (s)
        *s = (mw_select){.node = kind, .written = {from, 0}, .column = column_of(p, from)};
    return s;
}

static void end_node(const struct parser *p, mw_select *s)
{
    const char *end = p->at;

    while (end > s->written.data && strchr(" \t\r\n", end[-1]))
        end--;
    s->written.len = (size_t)(end - s->written.data);
}

/* ---- terms ---- */

static mw_status find_key(struct parser *p, const char *name, size_t len, select_key *out)
{
    const char *names[MW_COUNT(keys)], *near;
    char word[64];

    snprintf(word, sizeof(word), "%.*s", (int)(len < 60 ? len : 60), name);
    for (size_t i = 0; i < MW_COUNT(keys); i++) {
        names[i] = keys[i].name;
        if (mw_str_ieq(keys[i].name, word)) {
            *out = keys[i].key;
            return MW_OK;
        }
    }
    near = mw_nearest(word, names, MW_COUNT(names));
    if (near)
        return refuse(p, name, "unknown key '%s'; did you mean '%s'?", word, near);
    return refuse(p, name,
                  "unknown key '%s', expected one of control, framework, id, needs, pack, path, pillar, "
                  "remediation, resource, service, severity, tag, title, type",
                  word);
}

static bool take_compare(struct parser *p, select_compare *out)
{
    static const struct {
        const char *text;
        select_compare compare;
    } rows[] = {{">=", SELECT_GE}, {"<=", SELECT_LE}, {"!=", SELECT_NE}, {"==", SELECT_EQ},
                {">", SELECT_GT},  {"<", SELECT_LT},  {"=", SELECT_EQ},  {":", SELECT_EQ}};

    for (size_t i = 0; i < MW_COUNT(rows); i++)
        if (mw_str_starts(p->at, rows[i].text)) {
            p->at += strlen(rows[i].text);
            *out = rows[i].compare;
            return true;
        }
    return false;
}

/* A value in quotes, or up to the next blank or parenthesis. Lower case, in the arena. */
static mw_status take_value(struct parser *p, const char *key, char **out)
{
    const char *from = p->at, *end;
    char seen[64];
    size_t len;

    if (*from == '"' || *from == '\'') {
        end = strchr(from + 1, *from);
        if (!end)
            return refuse(p, from, "the quote is not closed, expected %c", *from);
        len = (size_t)(end - ++from);
        p->at = end + 1;
    } else {
        len = strcspn(from, " \t\r\n()");
        p->at = from + len;
    }
    if (len == 0)
        return refuse(p, from, "expected a value behind '%s', not %s", key, found(from, seen, sizeof(seen)));
    if (!(*out = mw_arena_strndup(p->arena, from, len)))
        return no_memory(p);
    for (char *c = *out; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return MW_OK;
}

static mw_status check_choice(struct parser *p, mw_select *s, const char *at)
{
    const char *const *names, *near, *key = mw__select_key_name(s->key);
    size_t n = mw__select_choices(s->key, &names);
    char list[160] = "";

    s->rank = mw__severity_rank(s->value);
    if (n == 0 || (s->key == SELECT_PILLAR && strpbrk(s->value, "*?")))
        return MW_OK;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(list);
        if (mw_str_eq(names[i], s->value))
            return MW_OK;
        snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", names[i]);
    }
    near = mw_nearest(s->value, names, n);
    if (near)
        return refuse(p, at, "%s '%.60s' is not one of %s; did you mean '%s'?", key, s->value, list, near);
    return refuse(p, at, "%s '%.60s' is not one of %s", key, s->value, list);
}

static mw_status widen(struct parser *p, mw_select *s)
{
    if (s->key == SELECT_TITLE)
        s->wider = mw_arena_printf(p->arena, "*%s*", s->value);
    else if (s->key == SELECT_PATH)
        s->wider = mw_arena_printf(p->arena, "*/%s", s->value);
    else
        return MW_OK;
    return s->wider ? MW_OK : no_memory(p);
}

static mw_status parse_term(struct parser *p, mw_select **out)
{
    const char *from = p->at, *op, *at;
    size_t len = word_len(from);
    mw_select *s = new_node(p, SELECT_TERM, from);
    char word[64], seen[64], *value;
    mw_status st;

    if (!s)
        return no_memory(p);
    if (len == 0 && *from != '"' && *from != '\'')
        return refuse(p, from, "expected a rule id, a glob or key:value, not %s", found(from, seen, sizeof(seen)));
    if (at_word(p, "and") || at_word(p, "or"))
        return refuse(p, from, "expected a rule id, a glob or key:value, not %s", found(from, seen, sizeof(seen)));
    p->at += len;
    skip_blanks(p);
    op = p->at;
    if (len > 0 && take_compare(p, &s->compare)) {
        if ((st = find_key(p, from, len, &s->key)) != MW_OK)
            return st;
        if (s->compare > SELECT_NE && s->key != SELECT_SEVERITY)
            return refuse(p, op, "%s has no order: expected ':', '=' or '!='", mw__select_key_name(s->key));
        snprintf(word, sizeof(word), "%.*s", (int)(p->at - from < 60 ? p->at - from : 60), from);
        skip_blanks(p);
    } else { /* a rule by its id */
        p->at = from;
        s->key = SELECT_ID;
        snprintf(word, sizeof(word), "id:");
    }
    at = p->at;
    if ((st = take_value(p, word, &value)) != MW_OK)
        return st;
    s->value = value;
    end_node(p, s);
    if ((st = check_choice(p, s, at)) != MW_OK)
        return st;
    *out = s;
    return widen(p, s);
}

/* ---- operators ---- */

static mw_status parse_inner(struct parser *p, mw_select **out)
{
    const char *from;
    char seen[64];
    mw_select *s;
    mw_status st;

    skip_blanks(p);
    from = p->at;
    if (p->depth >= MW_SELECT_DEPTH_MAX)
        return mw_fail(p->err, MW_ERR_LIMIT, "column %zu: nested more than %d deep", column_of(p, from),
                       MW_SELECT_DEPTH_MAX);
    p->depth++;
    if (take_word(p, "not")) {
        if (!(s = new_node(p, SELECT_NOT, from)))
            return no_memory(p);
        if ((st = parse_inner(p, out)) != MW_OK)
            return st;
        s->items = *out;
        end_node(p, s);
        *out = s;
    } else if (*from == '(') {
        p->at++;
        if ((st = parse_or(p, out)) != MW_OK)
            return st;
        skip_blanks(p);
        if (*p->at != ')')
            return refuse(p, p->at, "expected 'and', 'or' or ')', not %s", found(p->at, seen, sizeof(seen)));
        p->at++;
    } else if ((st = parse_term(p, out)) != MW_OK) {
        return st;
    }
    p->depth--;
    return MW_OK;
}

/* One level: operands with @p word between them. A single one is that operand itself. */
static mw_status parse_chain(struct parser *p, select_node kind, const char *word,
                             mw_status (*operand)(struct parser *p, mw_select **out), mw_select **out)
{
    mw_select *chain = NULL, *last;
    const char *from;
    mw_status st;

    skip_blanks(p);
    from = p->at;
    if ((st = operand(p, out)) != MW_OK)
        return st;
    last = *out;
    while (take_word(p, word)) {
        mw_select *next;
        if (!chain) {
            if (!(chain = new_node(p, kind, from)))
                return no_memory(p);
            chain->items = last;
        }
        if ((st = operand(p, &next)) != MW_OK)
            return st;
        last->next = next;
        last = next;
    }
    if (chain) {
        end_node(p, chain);
        *out = chain;
    }
    return MW_OK;
}

static mw_status parse_and(struct parser *p, mw_select **out)
{
    return parse_chain(p, SELECT_AND, "and", parse_inner, out);
}

static mw_status parse_or(struct parser *p, mw_select **out)
{
    return parse_chain(p, SELECT_OR, "or", parse_and, out);
}

mw_status mw_select_parse(const char *text, mw_arena *arena, const mw_select **out, mw_error *err)
{
    struct parser p = {.arena = arena, .err = err};
    mw_select *root = NULL;
    char seen[64];
    mw_status st;

    *out = NULL;
    if (strlen(text) > MW_SELECT_TEXT_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "a selection has at most %zu bytes", MW_SELECT_TEXT_MAX);
    if (!(p.text = p.at = mw_arena_strdup(arena, text)))
        return no_memory(&p);
    if ((st = parse_or(&p, &root)) != MW_OK)
        return st;
    skip_blanks(&p);
    if (*p.at)
        return refuse(&p, p.at, "expected 'and', 'or' or the end, not %s", found(p.at, seen, sizeof(seen)));
    *out = root;
    return MW_OK;
}
