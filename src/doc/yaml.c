/*
 * YAML reader over libyaml's event parser: events become additions to a document builder, nothing is
 * kept twice. It relies on libyaml for the grammar only; what scalars mean, which keys may stand in a
 * mapping and how far aliases may reach is decided here. It must never let a small text grow into a
 * large value (aliases are counted as if written out), nor guess: whatever is ambiguous is a string,
 * whatever is a likely mistake is refused with its place.
 */
#include "doc/yaml.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH   64u
#define MAX_NODES   250000u
#define MAX_TEXT    ((size_t)16 << 20)
#define MAX_ANCHORS 1024u

struct frame {
    bool map;
    bool have_key;   /* a key was read, its value comes next */
    uint32_t id;     /* tells mappings apart in the table of keys */
    size_t index;    /* next element of a sequence */
    size_t path_len; /* of the container itself */
    size_t anchor;   /* index + 1 of the anchor that this container defines, or 0 */
    size_t nodes;    /* inside, aliases expanded */
    unsigned height; /* levels below */
};

struct anchor {
    const char *name;
    mw_val value;
    size_t nodes;
    unsigned height;
    bool complete;
};

struct key_slot {
    uint32_t map; /* 0 = free */
    unsigned line;
    const char *key;
};

struct reader {
    mw_doc_builder *b;
    const char *name;
    mw_yaml_marks *marks;
    mw_error *err;
    mw_arena arena;
    mw_buf path;
    struct frame frames[MAX_DEPTH];
    unsigned depth;
    uint32_t maps;
    size_t nodes;
    struct anchor *anchors;
    size_t anchor_count;
    struct key_slot *keys;
    size_t key_cap, key_count;
    bool have_root;
};

void mw_yaml_marks_clear(mw_yaml_marks *m)
{
    mw_free(m->items);
    mw_arena_clear(&m->arena);
    *m = (mw_yaml_marks){0};
}

unsigned mw_yaml_line(const mw_yaml_marks *m, const char *path)
{
    size_t best_len = 0;
    unsigned best = 0;

    if (!m)
        return 0;
    for (size_t i = 0; i < m->count; i++) {
        const char *p = m->items[i].path;
        size_t len = strlen(p);
        bool around =
            strncmp(p, path, len) == 0 && (len == 0 || path[len] == '\0' || path[len] == '.' || path[len] == '[');
        if (around && (best == 0 || len >= best_len)) {
            best_len = len;
            best = m->items[i].line;
        }
    }
    return best;
}

static unsigned line_of(yaml_mark_t mark)
{
    return (unsigned)mark.line + 1;
}

__attribute__((format(printf, 4, 5))) static mw_status refuse(struct reader *r, yaml_mark_t at, mw_status status,
                                                              const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mw_vfail(r->err, status, format, args);
    va_end(args);
    mw_error_prefix(r->err, status, "%s:%u:%u", r->name, line_of(at), (unsigned)at.column + 1);
    return status;
}

static mw_status out_of_memory(struct reader *r)
{
    return mw_fail(r->err, MW_ERR_NOMEM, "%s: out of memory", r->name);
}

static mw_status add_mark(struct reader *r, yaml_mark_t at)
{
    mw_yaml_marks *m = r->marks;
    char *path;

    if (!m)
        return MW_OK;
    if (m->count == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 64;
        mw_yaml_mark *items = mw_realloc(m->items, cap * sizeof(*items));
        if (!items)
            return out_of_memory(r);
        m->items = items;
        m->cap = cap;
    }
    path = mw_arena_strndup(&m->arena, r->path.data ? r->path.data : "", r->path.len);
    if (!path)
        return out_of_memory(r);
    m->items[m->count++] = (mw_yaml_mark){path, line_of(at)};
    return MW_OK;
}

static void cut_path(struct reader *r, size_t len)
{
    if (r->path.data) {
        r->path.len = len;
        r->path.data[len] = '\0';
    }
}

/* ---- keys ---- */

static size_t key_hash(uint32_t map, const char *key)
{
    return (size_t)(mw_hash64(key, strlen(key)) * 31u + map * 0x9E3779B97F4A7C15u);
}

static struct key_slot *key_find(struct key_slot *slots, size_t cap, uint32_t map, const char *key)
{
    size_t i = key_hash(map, key) & (cap - 1);

    while (slots[i].map != 0 && (slots[i].map != map || strcmp(slots[i].key, key) != 0))
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static mw_status key_table_grow(struct reader *r)
{
    size_t cap = r->key_cap ? r->key_cap * 2 : 128;
    struct key_slot *slots;

    if (r->key_count * 2 < r->key_cap)
        return MW_OK;
    slots = mw_alloc(cap * sizeof(*slots));
    if (!slots)
        return out_of_memory(r);
    for (size_t i = 0; i < r->key_cap; i++)
        if (r->keys[i].map != 0)
            *key_find(slots, cap, r->keys[i].map, r->keys[i].key) = r->keys[i];
    mw_free(r->keys);
    r->keys = slots;
    r->key_cap = cap;
    return MW_OK;
}

static mw_status add_key(struct reader *r, struct frame *f, const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct key_slot *slot;
    mw_status st;

    if (len == 0)
        return refuse(r, e->start_mark, MW_ERR_PARSE, "empty key");
    if (strlen(text) != len)
        return refuse(r, e->start_mark, MW_ERR_PARSE, "key holds a NUL character");
    if (plain && strcmp(text, "<<") == 0)
        return refuse(r, e->start_mark, MW_ERR_PARSE, "merge keys ('<<') are not supported; write the members out");
    if (e->data.scalar.anchor)
        return refuse(r, e->start_mark, MW_ERR_PARSE, "anchor on key '%s'", text);
    if ((st = key_table_grow(r)) != MW_OK)
        return st;
    slot = key_find(r->keys, r->key_cap, f->id, text);
    if (slot->map != 0)
        return refuse(r, e->start_mark, MW_ERR_PARSE, "duplicate key '%s' (first on line %u)", text, slot->line);
    *slot = (struct key_slot){f->id, line_of(e->start_mark), mw_arena_strdup(&r->arena, text)};
    if (!slot->key) {
        slot->map = 0;
        return out_of_memory(r);
    }
    r->key_count++;
    mw_doc_key(r->b, text, len);
    if (r->path.len > 0)
        mw_buf_putc(&r->path, '.');
    mw_buf_puts(&r->path, text);
    if ((st = mw_buf_status(&r->path, r->err)) != MW_OK)
        return st;
    f->have_key = true;
    return add_mark(r, e->start_mark);
}

/* ---- values ---- */

/* Account for a value of @p nodes nodes and @p height levels about to be added. */
static mw_status begin_value(struct reader *r, yaml_mark_t at, size_t nodes, unsigned height)
{
    struct frame *f = r->depth ? &r->frames[r->depth - 1] : NULL;

    if (nodes > MAX_NODES - r->nodes)
        return refuse(r, at, MW_ERR_LIMIT, "more than %u values (aliases count as if written out)", MAX_NODES);
    if (r->depth + height > MAX_DEPTH)
        return refuse(r, at, MW_ERR_LIMIT, "nested deeper than %u levels", MAX_DEPTH);
    r->nodes += nodes;
    for (unsigned i = 0; i < r->depth; i++) {
        unsigned levels = r->depth - i + height;
        r->frames[i].nodes += nodes;
        if (r->frames[i].height < levels)
            r->frames[i].height = levels;
    }
    if (!f) {
        r->have_root = true;
        return add_mark(r, at);
    }
    if (f->map)
        return MW_OK; /* the key made the mark */
    cut_path(r, f->path_len);
    mw_buf_printf(&r->path, "[%zu]", f->index++);
    mw_status st = mw_buf_status(&r->path, r->err);
    return st == MW_OK ? add_mark(r, at) : st;
}

static void end_value(struct reader *r)
{
    struct frame *f = r->depth ? &r->frames[r->depth - 1] : NULL;

    if (!f)
        return;
    f->have_key = false;
    cut_path(r, f->path_len);
}

static mw_status define_anchor(struct reader *r, const yaml_char_t *name, yaml_mark_t at, size_t *index)
{
    struct anchor *a;

    *index = 0;
    if (!name)
        return MW_OK;
    if (r->anchor_count == MAX_ANCHORS)
        return refuse(r, at, MW_ERR_LIMIT, "more than %u anchors", MAX_ANCHORS);
    if (!r->anchors) {
        r->anchors = mw_arena_alloc(&r->arena, MAX_ANCHORS * sizeof(*r->anchors));
        if (!r->anchors)
            return out_of_memory(r);
    }
    a = &r->anchors[r->anchor_count];
    a->name = mw_arena_strdup(&r->arena, (const char *)name);
    if (!a->name)
        return out_of_memory(r);
    *index = ++r->anchor_count;
    return MW_OK;
}

static void complete_anchor(struct reader *r, size_t index, size_t nodes, unsigned height)
{
    struct anchor *a;

    if (index == 0)
        return;
    a = &r->anchors[index - 1];
    a->value = mw_doc_pop(r->b);
    mw_doc_add_val(r->b, a->value);
    a->nodes = nodes;
    a->height = height;
    a->complete = true;
}

static bool is_one_of(const char *s, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(s, *words) == 0)
            return true;
    return false;
}

static size_t digits(const char *s)
{
    size_t n = 0;

    while (s[n] >= '0' && s[n] <= '9')
        n++;
    return n;
}

/* Core schema 10.3.2, except that a run of digits with a leading zero is text. */
static bool add_number(mw_doc_builder *b, const char *s, size_t len)
{
    const char *p = s;
    size_t whole, fraction = 0;
    bool real = false;
    long long value;

    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'o') && len > 2 && len <= 17) {
        bool hex = s[1] == 'x';
        unsigned long long u = strtoull(s + 2, NULL, hex ? 16 : 8);
        if (strspn(s + 2, hex ? "0123456789abcdefABCDEF" : "01234567") != len - 2 || u > INT64_MAX)
            return false;
        mw_doc_add_int(b, (int64_t)u);
        return true;
    }
    if (*p == '-' || *p == '+')
        p++;
    whole = digits(p);
    if (whole > 1 && *p == '0')
        return false;
    p += whole;
    if (*p == '.') {
        real = true;
        fraction = digits(++p);
        p += fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        real = true;
        p++;
        if (*p == '-' || *p == '+')
            p++;
        size_t exponent = digits(p);
        if (exponent == 0)
            return false;
        p += exponent;
    }
    if ((size_t)(p - s) != len)
        return false;
    if (!real && mw_parse_int(s[0] == '+' ? s + 1 : s, s[0] == '+' ? len - 1 : len, &value))
        mw_doc_add_int(b, value);
    else
        mw_doc_add_real(b, strtod(s, NULL));
    return true;
}

static void add_plain(mw_doc_builder *b, const char *s, size_t len)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    static const char *const infinite[] = {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", NULL};
    static const char *const minus[] = {"-.inf", "-.Inf", "-.INF", NULL};
    static const char *const nan[] = {".nan", ".NaN", ".NAN", NULL};

    if (strlen(s) != len)
        mw_doc_add_str(b, s, len);
    else if (is_one_of(s, nulls))
        mw_doc_add_null(b);
    else if (is_one_of(s, trues))
        mw_doc_add_bool(b, true);
    else if (is_one_of(s, falses))
        mw_doc_add_bool(b, false);
    else if (is_one_of(s, infinite))
        mw_doc_add_real(b, (double)INFINITY);
    else if (is_one_of(s, minus))
        mw_doc_add_real(b, -(double)INFINITY);
    else if (is_one_of(s, nan))
        mw_doc_add_real(b, (double)NAN);
    else if (!add_number(b, s, len))
        mw_doc_add_str(b, s, len);
}

/* Which tags may be written: those of the core schema; only `!!str` changes anything. */
static mw_status check_tag(struct reader *r, const yaml_char_t *tag, yaml_mark_t at, bool *string)
{
    static const char *const core[] = {"tag:yaml.org,2002:null",
                                       "tag:yaml.org,2002:bool",
                                       "tag:yaml.org,2002:int",
                                       "tag:yaml.org,2002:float",
                                       "tag:yaml.org,2002:seq",
                                       "tag:yaml.org,2002:map",
                                       NULL};

    *string = tag && (strcmp((const char *)tag, "tag:yaml.org,2002:str") == 0 || strcmp((const char *)tag, "!") == 0);
    if (!tag || *string || is_one_of((const char *)tag, core))
        return MW_OK;
    return refuse(r, at, MW_ERR_PARSE, "tag '%s' is not supported", (const char *)tag);
}

static mw_status on_scalar(struct reader *r, const yaml_event_t *e)
{
    struct frame *f = r->depth ? &r->frames[r->depth - 1] : NULL;
    const char *text = (const char *)e->data.scalar.value;
    size_t anchor;
    bool string;
    mw_status st;

    if (f && f->map && !f->have_key)
        return add_key(r, f, e);
    if ((st = check_tag(r, e->data.scalar.tag, e->start_mark, &string)) != MW_OK ||
        (st = begin_value(r, e->start_mark, 1, 0)) != MW_OK ||
        (st = define_anchor(r, e->data.scalar.anchor, e->start_mark, &anchor)) != MW_OK)
        return st;
    if (!string && e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        add_plain(r->b, text, e->data.scalar.length);
    else
        mw_doc_add_str(r->b, text, e->data.scalar.length);
    complete_anchor(r, anchor, 1, 0);
    end_value(r);
    return MW_OK;
}

static mw_status on_start(struct reader *r, const yaml_event_t *e, bool map)
{
    const yaml_char_t *anchor = map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
    const yaml_char_t *tag = map ? e->data.mapping_start.tag : e->data.sequence_start.tag;
    struct frame *f = r->depth ? &r->frames[r->depth - 1] : NULL;
    struct frame next = {.map = map};
    bool string;
    mw_status st;

    if (f && f->map && !f->have_key)
        return refuse(r, e->start_mark, MW_ERR_PARSE, "a key must be text, not a %s", map ? "mapping" : "list");
    if ((st = check_tag(r, tag, e->start_mark, &string)) != MW_OK ||
        (st = begin_value(r, e->start_mark, 1, 1)) != MW_OK ||
        (st = define_anchor(r, anchor, e->start_mark, &next.anchor)) != MW_OK)
        return st;
    next.id = map ? ++r->maps : 0;
    next.path_len = r->path.len;
    next.nodes = 1;
    next.height = 1;
    r->frames[r->depth++] = next;
    if (map)
        mw_doc_begin_object(r->b);
    else
        mw_doc_begin_array(r->b);
    return MW_OK;
}

static void on_end(struct reader *r)
{
    struct frame *f = &r->frames[--r->depth];

    if (f->map)
        mw_doc_end_object(r->b);
    else
        mw_doc_end_array(r->b);
    complete_anchor(r, f->anchor, f->nodes, f->height);
    end_value(r);
}

static mw_status on_alias(struct reader *r, const yaml_event_t *e)
{
    const char *name = (const char *)e->data.alias.anchor;
    struct frame *f = r->depth ? &r->frames[r->depth - 1] : NULL;
    const struct anchor *a = NULL;
    mw_status st;

    /* The latest definition counts: YAML lets an anchor be used again. */
    for (size_t i = r->anchor_count; i-- > 0 && !a;)
        if (strcmp(r->anchors[i].name, name) == 0)
            a = &r->anchors[i];
    if (!a)
        return refuse(r, e->start_mark, MW_ERR_PARSE, "alias '*%s' has no anchor before it", name);
    if (!a->complete)
        return refuse(r, e->start_mark, MW_ERR_PARSE, "alias '*%s' stands inside its own anchor", name);
    if (f && f->map && !f->have_key)
        return refuse(r, e->start_mark, MW_ERR_PARSE, "a key must be text, not the alias '*%s'", name);
    if ((st = begin_value(r, e->start_mark, a->nodes, a->height)) != MW_OK)
        return st;
    mw_doc_add_val(r->b, a->value);
    end_value(r);
    return MW_OK;
}

static mw_status on_event(struct reader *r, const yaml_event_t *e, unsigned *documents)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents > 1)
            return refuse(r, e->start_mark, MW_ERR_PARSE, "a second document ('---') begins; one is expected");
        return MW_OK;
    case YAML_SCALAR_EVENT: return on_scalar(r, e);
    case YAML_SEQUENCE_START_EVENT: return on_start(r, e, false);
    case YAML_MAPPING_START_EVENT: return on_start(r, e, true);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: on_end(r); return MW_OK;
    case YAML_ALIAS_EVENT: return on_alias(r, e);
    default: return MW_OK;
    }
}

static mw_status syntax_error(struct reader *r, const yaml_parser_t *p)
{
    const char *problem = p->problem ? p->problem : "malformed YAML";

    if (p->error == YAML_MEMORY_ERROR)
        return out_of_memory(r);
    if (p->error == YAML_READER_ERROR)
        return mw_fail(r->err, MW_ERR_PARSE, "%s: byte %zu: %s", r->name, p->problem_offset, problem);
    return p->context ? refuse(r, p->problem_mark, MW_ERR_PARSE, "%s %s", problem, p->context)
                      : refuse(r, p->problem_mark, MW_ERR_PARSE, "%s", problem);
}

mw_status mw_yaml_read(mw_doc_builder *b, const char *text, size_t len, const char *name, mw_yaml_marks *marks,
                       mw_error *err)
{
    mw_error local = {0};
    struct reader *r = NULL;
    yaml_parser_t parser;
    unsigned documents = 0;
    bool more = true;
    mw_status st = MW_OK;

    if (!err)
        err = &local;
    if (len > MAX_TEXT)
        return mw_fail(err, MW_ERR_LIMIT, "%s: larger than %zu MiB", name, MAX_TEXT >> 20);
    r = mw_alloc(sizeof(*r));
    if (!r)
        return mw_fail(err, MW_ERR_NOMEM, "%s: out of memory", name);
    if (!yaml_parser_initialize(&parser)) {
        mw_free(r);
        return mw_fail(err, MW_ERR_NOMEM, "%s: out of memory", name);
    }
    r->b = b;
    r->name = name;
    r->marks = marks;
    r->err = err;
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text ? text : ""), len);
    while (more && st == MW_OK) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            st = syntax_error(r, &parser);
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        st = on_event(r, &event, &documents);
        yaml_event_delete(&event);
    }
    if (st == MW_OK && !r->have_root)
        mw_doc_add_null(b);
    if (st == MW_OK)
        st = mw_doc_builder_status(b, err);
    else
        mw_doc_builder_fail(b, st, err->message);
    yaml_parser_delete(&parser);
    mw_buf_clear(&r->path);
    mw_free(r->keys);
    mw_arena_clear(&r->arena);
    mw_free(r);
    return st;
}
