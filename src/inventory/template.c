/*
 * Templates: compiled once when a plan is made, expanded for each call. Expansion reads values and
 * writes text or values; it never scans what it wrote, so a resource named `{account}` stays that.
 * A null anywhere makes the whole template null (the call is not made), an unknown makes it unknown.
 */
#include "inventory/template.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

enum part_kind {
    PART_TEXT,
    PART_ITEM,
    PART_PARENT,
    PART_EACH,
    PART_PREPARED,
    PART_PARAM,
    PART_ACCOUNT,
    PART_REGION,
    PART_PARTITION,
    PART_NOW,
    PART_MONTH
};

struct part {
    enum part_kind kind;
    char *text;        /* TEXT, PARAM */
    mw_jmespath *path; /* ITEM; PARENT, EACH or NULL for the value itself */
    int64_t offset;    /* NOW: seconds; MONTH: months */
    char *cut;         /* `after`, `before`: the text to cut at, or NULL */
    bool keep_before;
};

enum node_kind { NODE_COPY, NODE_TEXT, NODE_ARRAY, NODE_OBJECT };

struct mw_template {
    enum node_kind kind;
    const mw_doc *d; /* COPY */
    mw_val v;
    struct part *parts;
    mw_template **children;
    char **keys;
    size_t count; /* parts or children */
};

void mw_template_free(mw_template *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++) {
        if (t->kind == NODE_TEXT) {
            mw_free(t->parts[i].text);
            mw_free(t->parts[i].cut);
            mw_jmespath_free(t->parts[i].path);
        } else {
            mw_template_free(t->children[i]);
            if (t->keys)
                mw_free(t->keys[i]);
        }
    }
    mw_free(t->parts);
    mw_free(t->children);
    mw_free(t->keys);
    mw_free(t);
}

bool mw_template_per_item(const mw_template *t)
{
    for (size_t i = 0; t && i < t->count; i++) {
        if (t->kind == NODE_TEXT) {
            enum part_kind k = t->parts[i].kind;
            if (k == PART_ITEM || k == PART_PARENT || k == PART_EACH || k == PART_PREPARED)
                return true;
        } else if (mw_template_per_item(t->children[i])) {
            return true;
        }
    }
    return false;
}

/* ---- compiling ---- */

static bool is(const char *s, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(s, word, len) == 0;
}

static bool starts(const char *s, size_t len, const char *word)
{
    return strlen(word) < len && memcmp(s, word, strlen(word)) == 0;
}

/* `-30d`, `+2h`: seconds. */
static bool parse_offset(const char *s, size_t len, int64_t *seconds)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    long long n;

    if (len < 3 || (s[0] != '-' && s[0] != '+') || !mw_parse_int(s + 1, len - 2, &n) || n < 0 || n > 100000)
        return false;
    for (size_t i = 0; i < MW_COUNT(units); i++) {
        if (units[i].unit == s[len - 1]) {
            *seconds = (s[0] == '-' ? -n : n) * units[i].seconds;
            return true;
        }
    }
    return false;
}

static mw_status compile_path(struct part *p, const char *s, size_t len, mw_error *err)
{
    mw_status st = mw_jmespath_compile(s, len, &p->path, err);

    return st == MW_OK ? st : mw_error_prefix(err, st, "'{%.*s}'", (int)(len > 80 ? 80 : len), s);
}

/* `after 'text' PLACEHOLDER`, `before 'text' PLACEHOLDER`: what is left to compile, or 0 for a fault. */
static size_t compile_cut(struct part *p, const char *s, size_t len)
{
    const char *end;

    p->keep_before = starts(s, len, "before '");
    s += p->keep_before ? 8 : 7;
    len -= p->keep_before ? 8 : 7;
    end = memchr(s, '\'', len);
    if (!end || end == s || (size_t)(end - s) + 2 >= len || end[1] != ' ')
        return 0;
    p->cut = mw_strndup(s, (size_t)(end - s));
    return len - (size_t)(end - s) - 2;
}

static mw_status compile_part(struct part *p, const char *s, size_t len, mw_error *err)
{
    static const struct {
        const char *word;
        enum part_kind kind;
    } words[] = {{"account", PART_ACCOUNT}, {"region", PART_REGION}, {"partition", PART_PARTITION}, {"now", PART_NOW},
                 {"month", PART_MONTH},     {"each", PART_EACH},     {"prepared", PART_PREPARED}};
    long long months;

    if (!p->cut && (starts(s, len, "after '") || starts(s, len, "before '"))) {
        size_t left = compile_cut(p, s, len);
        return !left
                   ? mw_fail(err, MW_ERR_PARSE, "'{%.*s}': expected {after 'text' path}", (int)(len > 80 ? 80 : len), s)
               : p->cut ? compile_part(p, s + len - left, left, err)
                        : mw_fail(err, MW_ERR_NOMEM, "out of memory for a template");
    }
    for (size_t i = 0; i < MW_COUNT(words); i++) {
        if (is(s, len, words[i].word)) {
            p->kind = words[i].kind;
            return MW_OK;
        }
    }
    if ((starts(s, len, "now-") || starts(s, len, "now+")) && parse_offset(s + 3, len - 3, &p->offset)) {
        p->kind = PART_NOW;
        return MW_OK;
    }
    if (starts(s, len, "month-") && mw_parse_int(s + 6, len - 6, &months) && months >= 0 && months < 1200) {
        p->kind = PART_MONTH;
        p->offset = -months;
        return MW_OK;
    }
    if (starts(s, len, "now-") || starts(s, len, "now+") || starts(s, len, "month-"))
        return mw_fail(err, MW_ERR_PARSE, "'{%.*s}': expected {now-N} with N in s, m, h or d, or {month-N}", (int)len,
                       s);
    if (starts(s, len, "param.")) {
        p->kind = PART_PARAM;
        p->text = mw_strndup(s + 6, len - 6);
        return p->text ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory for a template");
    }
    if (starts(s, len, "parent.")) {
        p->kind = PART_PARENT;
        return compile_path(p, s + 7, len - 7, err);
    }
    if (starts(s, len, "each.")) {
        p->kind = PART_EACH;
        return compile_path(p, s + 5, len - 5, err);
    }
    p->kind = PART_ITEM;
    return compile_path(p, s, len, err);
}

/* Index of the brace that closes the one before @p i; quotes and inner braces belong to the path. */
static size_t closing_brace(const char *s, size_t len, size_t i)
{
    unsigned depth = 1;

    for (; i < len; i++) {
        if (s[i] == '\'' || s[i] == '"' || s[i] == '`') {
            char quote = s[i++];
            while (i < len && s[i] != quote)
                i += s[i] == '\\' ? 2u : 1u;
        } else if (s[i] == '{') {
            depth++;
        } else if (s[i] == '}' && --depth == 0) {
            return i;
        }
    }
    return len;
}

static mw_status add_part(mw_template *t, const char *text, size_t len, bool placeholder, mw_error *err)
{
    struct part *p = &t->parts[t->count];

    t->count++;
    if (placeholder)
        return compile_part(p, text, len, err);
    p->kind = PART_TEXT;
    p->text = mw_strndup(text, len);
    return p->text ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory for a template");
}

static mw_status compile_text(mw_template *t, const char *s, size_t len, mw_error *err)
{
    size_t braces = 0, at = 0;
    mw_status st = MW_OK;

    for (size_t i = 0; i < len; i++)
        braces += s[i] == '{';
    t->kind = NODE_TEXT;
    t->parts = mw_alloc((2 * braces + 1) * sizeof(*t->parts));
    if (!t->parts)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a template");
    while (at < len && st == MW_OK) {
        const char *open = memchr(s + at, '{', len - at);
        size_t start = open ? (size_t)(open - s) : len;
        if (start > at)
            st = add_part(t, s + at, start - at, false, err);
        if (st != MW_OK || start == len)
            break;
        size_t end = closing_brace(s, len, start + 1);
        if (end == len)
            return mw_fail(err, MW_ERR_PARSE, "'%.80s': '{' without '}'", s);
        st = add_part(t, s + start + 1, end - start - 1, true, err);
        at = end + 1;
    }
    return st;
}

static mw_status compile_children(mw_template *t, const mw_doc *d, mw_val v, mw_error *err)
{
    size_t n = mw_val_len(d, v);
    bool object = mw_val_kind(d, v) == MW_KIND_OBJECT;

    t->kind = object ? NODE_OBJECT : NODE_ARRAY;
    if (n == 0)
        return MW_OK;
    t->children = mw_alloc(n * sizeof(mw_template *));
    t->keys = object ? mw_alloc(n * sizeof(*t->keys)) : NULL;
    if (!t->children || (object && !t->keys))
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a template");
    t->count = n;
    for (size_t i = 0; i < n; i++) {
        mw_val key = MW_VAL_ABSENT;
        mw_val child = object ? mw_val_member(d, v, i, &key) : mw_val_at(d, v, i);
        mw_status st = mw_template_compile(d, child, &t->children[i], err);
        if (st != MW_OK)
            return st;
        if (object && !(t->keys[i] = mw_strdup(mw_val_str(d, key, NULL))))
            return mw_fail(err, MW_ERR_NOMEM, "out of memory for a template");
    }
    return MW_OK;
}

mw_status mw_template_compile(const mw_doc *d, mw_val v, mw_template **out, mw_error *err)
{
    mw_template *t = mw_alloc(sizeof(*t));
    mw_kind kind = mw_val_kind(d, v);
    size_t len = 0;
    const char *s = mw_val_str(d, v, &len);
    mw_status st = MW_OK;

    *out = NULL;
    if (!t)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a template");
    t->d = d;
    t->v = v;
    if (s && memchr(s, '{', len))
        st = compile_text(t, s, len, err);
    else if (kind == MW_KIND_ARRAY || kind == MW_KIND_OBJECT)
        st = compile_children(t, d, v, err);
    if (st != MW_OK) {
        mw_template_free(t);
        return st;
    }
    *out = t;
    return MW_OK;
}

/* ---- expanding ---- */

/* A part's value: text made here, or a value of a document. */
struct found {
    mw_template_outcome outcome;
    const mw_doc *d;
    mw_val v;         /* when d is set */
    const char *text; /* otherwise */
    size_t len;
    char made[MW_TIME_SIZE];
};

static void month_text(char out[MW_TIME_SIZE], int64_t now_unix, int64_t offset)
{
    char now[MW_TIME_SIZE];
    long long year = 1970, month = 1;
    int64_t months;

    mw_time_iso(now, now_unix * 1000000000);
    mw_parse_int(now, 4, &year);
    mw_parse_int(now + 5, 2, &month);
    months = year * 12 + (month - 1) + offset;
    snprintf(out, MW_TIME_SIZE, "%04lld-%02lld-01", (long long)(months / 12), (long long)(months % 12 + 1));
}

static mw_status find_path(const struct part *p, const mw_template_context *c, mw_val from, struct found *f,
                           mw_error *err)
{
    mw_status st = MW_OK;

    f->d = mw_doc_view(c->b);
    f->v = from;
    if (p->path && from != MW_VAL_ABSENT)
        st = mw_jmespath_eval(p->path, c->b, from, &f->v, err);
    return st;
}

/* The text after, or before, the last occurrence of another; null without one. */
static void cut(const struct part *p, struct found *f)
{
    const char *text = f->d ? mw_val_str(f->d, f->v, &f->len) : f->text;
    const char *at = NULL, *next;

    for (next = text; next && (next = strstr(next, p->cut)); next++)
        at = next;
    if (!at) {
        f->outcome = MW_TEMPLATE_NULL;
        return;
    }
    f->d = NULL;
    f->text = p->keep_before ? text : at + strlen(p->cut);
    f->len = p->keep_before ? (size_t)(at - text) : f->len - (size_t)(f->text - text);
}

static mw_status find(const struct part *p, const mw_template_context *c, struct found *f, mw_error *err)
{
    mw_status st = MW_OK;

    *f = (struct found){.outcome = MW_TEMPLATE_VALUE};
    switch (p->kind) {
    case PART_TEXT: f->text = p->text; break;
    case PART_ACCOUNT: f->text = c->account; break;
    case PART_REGION: f->text = c->region; break;
    case PART_PARTITION: f->text = c->partition; break;
    case PART_NOW:
        mw_time_iso(f->made, (c->now_unix + p->offset) * 1000000000);
        f->text = f->made;
        break;
    case PART_MONTH:
        month_text(f->made, c->now_unix, p->offset);
        f->text = f->made;
        break;
    case PART_PARAM:
        f->d = c->params_doc;
        f->v = c->params_doc ? mw_val_get(c->params_doc, c->params, p->text) : MW_VAL_ABSENT;
        break;
    case PART_ITEM: st = find_path(p, c, c->item, f, err); break;
    case PART_PARENT: st = find_path(p, c, c->parent, f, err); break;
    case PART_EACH: st = find_path(p, c, c->each, f, err); break;
    case PART_PREPARED: st = find_path(p, c, c->prepared, f, err); break;
    }
    if (st != MW_OK)
        return st;
    if (f->d) {
        mw_kind kind = mw_val_kind(f->d, f->v);
        if (kind == MW_KIND_UNKNOWN)
            f->outcome = MW_TEMPLATE_UNKNOWN;
        else if (kind == MW_KIND_ABSENT || kind == MW_KIND_NULL)
            f->outcome = MW_TEMPLATE_NULL;
    } else if (!f->text) {
        f->outcome = MW_TEMPLATE_NULL;
    } else {
        f->len = strlen(f->text);
    }
    if (p->cut && f->outcome == MW_TEMPLATE_VALUE)
        cut(p, f);
    return MW_OK;
}

static mw_status append_text(mw_buf *out, const struct found *f)
{
    size_t len;
    const char *s;

    if (!f->d)
        return mw_buf_add(out, f->text, f->len, NULL);
    s = mw_val_str(f->d, f->v, &len);
    if (s)
        return mw_buf_add(out, s, len, NULL);
    return mw_json_write(out, f->d, f->v, MW_JSON_COMPACT);
}

static mw_status text_of(const mw_template *t, const mw_template_context *c, mw_buf *out, mw_template_outcome *outcome,
                         mw_val *unknown, mw_error *err)
{
    *outcome = MW_TEMPLATE_VALUE;
    for (size_t i = 0; i < t->count; i++) {
        struct found f;
        mw_status st = find(&t->parts[i], c, &f, err);
        if (st != MW_OK)
            return st;
        if (f.outcome != MW_TEMPLATE_VALUE) {
            *outcome = f.outcome;
            *unknown = f.v;
            return MW_OK;
        }
        append_text(out, &f);
    }
    return mw_buf_status(out, err);
}

static mw_status expand_text(const mw_template *t, const mw_template_context *c, mw_doc_builder *out,
                             mw_template_outcome *outcome, mw_val *unknown, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = (size_t)1 << 20};
    mw_status st;

    if (t->count == 1 && t->parts[0].kind != PART_TEXT) {
        struct found f;
        st = find(&t->parts[0], c, &f, err);
        *outcome = f.outcome;
        *unknown = f.v;
        if (st == MW_OK && f.outcome == MW_TEMPLATE_VALUE) {
            if (f.d)
                mw_doc_add_copy(out, f.d, f.v);
            else
                mw_doc_add_str(out, f.text, f.len);
        }
        return st;
    }
    st = text_of(t, c, &text, outcome, unknown, err);
    if (st == MW_OK && *outcome == MW_TEMPLATE_VALUE)
        mw_doc_add_str(out, text.data ? text.data : "", text.len);
    return st;
}

static mw_status expand(const mw_template *t, const mw_template_context *c, mw_doc_builder *out,
                        mw_template_outcome *outcome, mw_val *unknown, mw_error *err)
{
    mw_status st = MW_OK;

    *outcome = MW_TEMPLATE_VALUE;
    if (t->kind == NODE_COPY) {
        mw_doc_add_copy(out, t->d, t->v);
        return MW_OK;
    }
    if (t->kind == NODE_TEXT)
        return expand_text(t, c, out, outcome, unknown, err);
    if (t->kind == NODE_OBJECT)
        mw_doc_begin_object(out);
    else
        mw_doc_begin_array(out);
    for (size_t i = 0; i < t->count; i++) {
        if (t->kind == NODE_OBJECT)
            mw_doc_ckey(out, t->keys[i]);
        st = expand(t->children[i], c, out, outcome, unknown, err);
        if (st != MW_OK || *outcome != MW_TEMPLATE_VALUE)
            return st; /* the caller discards what was begun */
    }
    if (t->kind == NODE_OBJECT)
        mw_doc_end_object(out);
    else
        mw_doc_end_array(out);
    return MW_OK;
}

mw_status mw_template_expand(const mw_template *t, const mw_template_context *c, mw_doc_builder *out,
                             mw_template_outcome *outcome, mw_val *unknown, mw_error *err)
{
    *unknown = MW_VAL_ABSENT;
    return expand(t, c, out, outcome, unknown, err);
}

mw_status mw_template_text(const mw_template *t, const mw_template_context *c, mw_buf *out,
                           mw_template_outcome *outcome, mw_val *unknown, mw_error *err)
{
    size_t len = 0;
    const char *s;

    *unknown = MW_VAL_ABSENT;
    if (t->kind == NODE_TEXT)
        return text_of(t, c, out, outcome, unknown, err);
    *outcome = MW_TEMPLATE_VALUE;
    s = mw_val_str(t->d, t->v, &len);
    return s ? mw_buf_add(out, s, len, err) : mw_json_write(out, t->d, t->v, MW_JSON_COMPACT);
}
