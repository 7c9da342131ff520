/*
 * One file after the other: parsed, checked, forgotten; what stays is findings and ids. Relies on
 * the checks of this floor and on nothing that runs. A file that does not parse gives one finding.
 */
#include "lint/internal.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FINDINGS_MAX 100000

/* ---- saying it ---- */

void mw__lint_out_of_memory(mw_lint *l)
{
    if (l->st == MW_OK)
        l->st = mw_fail(&l->err, MW_ERR_NOMEM, "out of memory while checking");
}

static bool silenced(file *f, const mw_lint_code *code, unsigned line)
{
    bool found = false;

    for (size_t i = 0; i < f->ignore_count; i++)
        if (f->ignores[i].code == code && f->ignores[i].line == line)
            found = f->ignores[i].used = true;
    return found;
}

static const char *line_text(mw_lint *l, const lua_tree *t, unsigned line)
{
    uint32_t from = t->lines[line - 1];
    size_t end = line < t->line_count ? t->lines[line] - 1 : t->len;

    while (end > from && t->source[end - 1] == '\r')
        end--;
    return mw_arena_strndup(&l->arena, t->source + from, end - from < 1000 ? end - from : 1000);
}

static bool grow(mw_lint *l)
{
    size_t cap = l->cap ? l->cap * 2 : 64;
    mw_lint_finding *items;

    if (l->count < l->cap)
        return true;
    if (l->count >= FINDINGS_MAX) {
        l->st = mw_fail(&l->err, MW_ERR_LIMIT, "more than %d findings", FINDINGS_MAX);
        return false;
    }
    items = mw_realloc(l->items, cap * sizeof(*items));
    if (!items) {
        mw__lint_out_of_memory(l);
        return false;
    }
    l->items = items;
    l->cap = cap;
    return true;
}

static void report(file *f, const char *id, uint32_t at, uint32_t end, const char *format, va_list ap)
    __attribute__((format(printf, 5, 0)));
static void report(file *f, const char *id, uint32_t at, uint32_t end, const char *format, va_list ap)
{
    mw_lint *l = f->lint;
    mw_lint_finding *x;
    unsigned line, column, last, last_column;
    char text[1024];

    if (l->st != MW_OK || !grow(l))
        return;
    x = &l->items[l->count];
    *x = (mw_lint_finding){.code = mw_lint_code_get(id, strlen(id)), .path = f->path};
    mw_lua_position(&f->tree, at, &line, &column);
    mw_lua_position(&f->tree, end > at ? end - 1 : at, &last, &last_column);
    if (silenced(f, x->code, line))
        return;
    vsnprintf(text, sizeof(text), format, ap);
    x->line = line;
    x->column = column;
    x->end_column = last == line ? last_column + 1 : column + 1;
    x->message = mw_arena_strdup(&l->arena, text);
    x->source = line_text(l, &f->tree, line);
    if (!x->message || !x->source)
        mw__lint_out_of_memory(l);
    else
        l->count++;
}

void mw__lint_report(file *f, const char *code, uint32_t at, uint32_t end, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    report(f, code, at, end, format, ap);
    va_end(ap);
}

void mw__lint_at(file *f, const char *code, const lua_node *n, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    report(f, code, n->at, n->end, format, ap);
    va_end(ap);
}

const char *mw__lint_dup(file *f, mw_str s)
{
    const char *copy = mw_arena_strndup(f->arena, s.data ? s.data : "", s.len);

    if (!copy)
        mw__lint_out_of_memory(f->lint);
    return copy ? copy : "";
}

const char *mw__lint_near(file *f, mw_str word, const char *const *names, size_t n)
{
    const char *near = mw_nearest(mw__lint_dup(f, word), names, n), *text;

    if (!near)
        return "";
    text = mw_arena_printf(f->arena, "; did you mean '%s'?", near);
    return text ? text : "";
}

bool mw__lint_remember_id(file *f, const lua_node *at, bool remediation, bool wanted)
{
    mw_lint *l = f->lint;
    unsigned line, column;
    seen_id *s;

    if (l->id_count == l->id_cap) {
        size_t cap = l->id_cap ? l->id_cap * 2 : 64;
        seen_id *ids = mw_realloc(l->ids, cap * sizeof(*ids));
        if (!ids) {
            mw__lint_out_of_memory(l);
            return false;
        }
        l->ids = ids;
        l->id_cap = cap;
    }
    mw_lua_position(&f->tree, at->at, &line, &column);
    s = &l->ids[l->id_count];
    *s = (seen_id){.id = mw_arena_strndup(&l->arena, at->text.data, at->text.len),
                   .path = f->path,
                   .line = line,
                   .column = column,
                   .end_column = column + (at->end - at->at),
                   .source = line_text(l, &f->tree, line),
                   .remediation = remediation,
                   .wanted = wanted};
    /* What is silenced here is not looked at later. */
    if (silenced(f, mw_lint_code_get(wanted ? "MW1709" : "MW1707", 6), line))
        return true;
    if (!s->id || !s->source) {
        mw__lint_out_of_memory(l);
        return false;
    }
    l->id_count++;
    return true;
}

/* ---- looking into constructors ---- */

bool mw__lint_text(const lua_node *n, mw_str *out)
{
    n = mw_lua_bare(n);
    if (!n || n->kind != LUA_STRING)
        return false;
    *out = n->text;
    return true;
}

const lua_node *mw__lint_field(const lua_node *table, const char *name)
{
    const lua_node *found = NULL;

    for (const lua_node *c = table ? table->kids : NULL; c; c = c->next)
        if (c->a && c->a->kind == LUA_STRING && mw_lua_is(c->a->text, name))
            found = c->b;
    return found;
}

/* ---- what kind of file ---- */

/* `rule { … }` and `rule({ … })`: the table. */
static const lua_node *constructor(const lua_node *n, const char *function)
{
    n = mw_lua_bare(n);
    if (!n || n->kind != LUA_CALL || !mw_lua_global(n->a, function) || !n->kids)
        return NULL;
    n = mw_lua_bare(n->kids);
    if (n->kind == LUA_NAME && n->symbol && n->symbol->definition && n->symbol->definition->kind == LUA_LOCAL &&
        n->symbol->writes == 0 && n->symbol->position == 0)
        n = mw_lua_bare(n->symbol->definition->more);
    return n && n->kind == LUA_TABLE ? n : NULL;
}

static bool names_rule(void *user, lua_node *n)
{
    if (mw_lua_global(n, "rule"))
        *(file_kind *)user = FILE_RULE;
    else if (mw_lua_global(n, "remediation"))
        *(file_kind *)user = FILE_REMEDIATION;
    return true;
}

void mw__lint_classify(file *f)
{
    if (mw_str_ends(f->path, "_test.lua")) {
        f->kind = FILE_TEST;
        return;
    }
    f->kind = FILE_AUDIT;
    mw_lua_walk(f->tree.main->body, names_rule, &f->kind);
    for (const lua_node *r = f->tree.main->returns; r && !f->meta; r = r->body)
        f->meta = constructor(r->more, f->kind == FILE_RULE ? "rule" : "remediation");
    /* `rule` alone may be a variable of an audit's own world: without a table it is no rule. */
    if (f->kind != FILE_AUDIT && !f->meta && !f->tree.main->returns)
        f->kind = FILE_AUDIT;
}

/* ---- one file ---- */

static mw_status open_file(mw_lint *l, mw_arena *arena, const char *path, const char *source, size_t len, file *f,
                           bool *good, mw_error *err)
{
    const char *kept = mw_arena_strdup(&l->arena, path);
    mw_error why = {0};
    mw_status st;

    *f = (file){.lint = l, .path = kept, .arena = arena};
    *good = false;
    if (!kept)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory while checking");
    st = mw_lua_parse(source, len, arena, &f->tree, &why);
    if (st == MW_ERR_PARSE) {
        l->files++;
        mw__lint_report(f, "MW1001", f->tree.error_at, f->tree.error_at + 1, "%s", why.message);
        return l->st;
    }
    if (st != MW_OK)
        return mw_fail(err, st, "%s: %s", path, why.message);
    l->files++;
    *good = true;
    mw__lint_ignores(f);
    mw__lint_classify(f);
    return MW_OK;
}

static void check_file(file *f)
{
    if (f->kind == FILE_RULE)
        mw__lint_metadata(f);
    mw__lint_names(f);
    mw__lint_flow(f);
    mw__lint_values(f);
    if (f->kind == FILE_RULE) {
        mw__lint_state(f);
        mw__lint_needs(f);
    } else if (f->kind == FILE_TEST) {
        mw__lint_tests(f);
    } else if (f->kind == FILE_REMEDIATION && f->meta) {
        mw_str id;
        const lua_node *n = mw__lint_field(f->meta, "id");
        if (mw__lint_text(n, &id))
            mw__lint_remember_id(f, mw_lua_bare(n), true, false);
    }
}

mw_status mw_lint_add(mw_lint *l, const char *path, const char *source, size_t len, const char *test_path,
                      const char *test, size_t test_len, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {.max_bytes = (size_t)1 << 30};
    file f, t;
    bool good, test_good = false;
    mw_status st = open_file(l, &arena, path, source, len, &f, &good, err);

    if (st == MW_OK && good)
        check_file(&f);
    if (st == MW_OK && test) {
        st = open_file(l, &arena, test_path, test, test_len, &t, &test_good, err);
        if (st == MW_OK && test_good) {
            t.type = good ? f.type : NULL;
            check_file(&t);
        }
    }
    if (st == MW_OK && good && f.kind == FILE_RULE && (!test || test_good))
        mw__lint_coverage(&f, test ? &t : NULL);
    if (st == MW_OK && good)
        mw__lint_unused_ignores(&f);
    if (st == MW_OK && test_good)
        mw__lint_unused_ignores(&t);
    if (l->st != MW_OK && err)
        *err = l->err;
    return st != MW_OK ? st : l->st;
}

/* ---- all of them ---- */

static int compare(const void *a, const void *b)
{
    const mw_lint_finding *x = a, *y = b;
    int c = strcmp(x->path, y->path);

    if (c == 0)
        c = (x->line > y->line) - (x->line < y->line);
    if (c == 0)
        c = (x->column > y->column) - (x->column < y->column);
    if (c == 0)
        c = strcmp(x->code->id, y->code->id);
    return c != 0 ? c : strcmp(x->message, y->message);
}

static void add_late(mw_lint *l, const char *code, const seen_id *s, const char *message)
{
    if (l->st != MW_OK || !grow(l))
        return;
    if (!message) {
        mw__lint_out_of_memory(l);
        return;
    }
    l->items[l->count++] = (mw_lint_finding){.code = mw_lint_code_get(code, 6),
                                             .path = s->path,
                                             .line = s->line,
                                             .column = s->column,
                                             .end_column = s->end_column,
                                             .message = message,
                                             .source = s->source};
}

static int compare_ids(const void *a, const void *b)
{
    const seen_id *x = a, *y = b;
    int c = strcmp(x->id, y->id);

    return c != 0 ? c : strcmp(x->path, y->path);
}

mw_status mw_lint_finish(mw_lint *l, mw_error *err)
{
    const char **names = mw_alloc((l->id_count + 1) * sizeof(*names));
    size_t remediations = 0;

    if (!names)
        mw__lint_out_of_memory(l);
    if (l->id_count > 1)
        qsort(l->ids, l->id_count, sizeof(*l->ids), compare_ids);
    for (size_t i = 0; names && i < l->id_count; i++) {
        const seen_id *s = &l->ids[i], *first = NULL;
        if (s->wanted)
            continue;
        if (s->remediation)
            names[remediations++] = s->id;
        for (size_t k = i; k-- > 0 && strcmp(l->ids[k].id, s->id) == 0;)
            if (!l->ids[k].wanted && l->ids[k].remediation == s->remediation)
                first = &l->ids[k];
        if (first)
            add_late(l, "MW1707", s, mw_arena_printf(&l->arena, "id '%s' is defined in %s too", s->id, first->path));
    }
    for (size_t i = 0; names && remediations && i < l->id_count; i++) {
        const seen_id *s = &l->ids[i];
        const char *near = s->wanted ? mw_nearest(s->id, names, remediations) : NULL;
        if (!s->wanted || (near && strcmp(near, s->id) == 0))
            continue;
        add_late(l, "MW1709", s,
                 mw_arena_printf(&l->arena, "no remediation '%s' among the files read%s%s%s", s->id,
                                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : ""));
    }
    mw_free(names);
    if (l->count > 1)
        qsort(l->items, l->count, sizeof(*l->items), compare);
    /* The same thing of the same place is said once. */
    if (l->count > 1) {
        size_t kept = 1;
        for (size_t i = 1; i < l->count; i++)
            if (compare(&l->items[i], &l->items[kept - 1]) != 0)
                l->items[kept++] = l->items[i];
        l->count = kept;
    }
    if (l->st != MW_OK && err)
        *err = l->err;
    return l->st;
}

mw_status mw_lint_new(const mw_lint_options *o, mw_lint **out, mw_error *err)
{
    mw_lint *l = mw_alloc(sizeof(*l));
    mw_status st;

    *out = NULL;
    if (!l)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory while checking");
    l->o = *o;
    st = mw__lint_modules_load(l, err);
    if (st == MW_OK)
        *out = l;
    else
        mw_lint_free(l);
    return st;
}

void mw_lint_free(mw_lint *l)
{
    if (!l)
        return;
    mw_free(l->items);
    mw_free(l->ids);
    mw_arena_clear(&l->arena);
    mw_free(l);
}

size_t mw_lint_count(const mw_lint *l)
{
    return l->count;
}

const mw_lint_finding *mw_lint_at(const mw_lint *l, size_t i)
{
    return &l->items[i];
}

size_t mw_lint_files(const mw_lint *l)
{
    return l->files;
}

const char *mw_lint_models_version(const mw_lint *l)
{
    return mw_models_botocore_version(l->o.models);
}
