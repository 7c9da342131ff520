/*
 * Fixtures: they can be run, they look like what AWS gives, and together they cover the verdicts of
 * their rule. Only what is written as constructors is judged; fixtures made by functions are seen
 * through their texts.
 */
#include "lint/check.h"

#include "base/mem.h"
#include "engine/finding.h"
#include "engine/ruletest.h"

static int shown(mw_str s)
{
    return s.len < 80 ? (int)s.len : 80;
}

/* ---- one fixture ---- */

static void check_document(file *f, value v, const lua_node *n, int depth);

static void check_member(file *f, value v, const lua_node *field, int depth)
{
    bool known;
    value m = mw__lint_value_member(f, v, field->a->text, &known);
    const char **names;
    size_t n;

    if (known && !mw__lint_value_method(field->a->text)) {
        check_document(f, m, field->b, depth + 1);
        return;
    }
    names = known || (v.kind != VALUE_SHAPE && v.kind != VALUE_DOC) ? NULL : mw__lint_value_names(f, v, &n);
    if (names)
        mw__lint_at(f, "MW1804", field->a, "AWS's %s has no member '%.*s'%s",
                    v.kind == VALUE_SHAPE ? mw_shape_name(v.shape) : mw_type_name(v.type), shown(field->a->text),
                    field->a->text.data, mw__lint_near(f, field->a->text, names, n));
}

static void check_document(file *f, value v, const lua_node *n, int depth)
{
    n = mw_lua_bare(n);
    if (!n || depth > 30)
        return;
    mw__lint_check_literal(f, v, n);
    if (n->kind != LUA_TABLE)
        return;
    for (const lua_node *c = n->kids; c; c = c->next) {
        if (v.lists > 0 && !c->a)
            check_document(f, mw__lint_value_element(v), c->b, depth + 1);
        else if (v.lists == 0 && c->a && c->a->kind == LUA_STRING && (v.kind == VALUE_SHAPE || v.kind == VALUE_DOC) &&
                 !(c->a->text.len && c->a->text.data[0] == '_'))
            check_member(f, v, c, depth);
    }
}

static void check_expect(file *f, const lua_node *n)
{
    static const char *const verdicts[] = {"error", "fail", "not_applicable", "pass", "unknown"};
    mw_verdict verdict;
    mw_str text;

    n = mw_lua_bare(n);
    if (n->kind == LUA_TABLE) {
        for (const lua_node *c = n->kids; c; c = c->next)
            if (!c->a)
                check_expect(f, c->b);
        return;
    }
    if (mw__lint_text(n, &text) && mw_verdict_parse(mw__lint_dup(f, text), &verdict) != MW_OK)
        mw__lint_at(f, "MW1803", n, "'%.*s' is no verdict%s", shown(text), text.data,
                    mw__lint_near(f, text, verdicts, MW_COUNT(verdicts)));
}

static void check_fixture(file *f, const lua_node *t)
{
    static const char *const required[] = {"name", "expect", "resource"};
    const lua_node *inventory = mw_lua_bare(mw__lint_field(t, "inventory"));
    value v = {.kind = VALUE_DOC, .type = f->type};
    bool literal = true;
    size_t count;
    const char *const *keys = mw_ruletest_members(&count);

    for (const lua_node *c = t->kids; c; c = c->next) {
        const char *near;
        if (!c->a || c->a->kind != LUA_STRING) {
            literal = false;
            continue;
        }
        near = mw_nearest(mw__lint_dup(f, c->a->text), keys, count);
        if (near && !mw_lua_is(c->a->text, near) && c->a->text.len > 3)
            mw__lint_at(f, "MW1805", c->a, "fixtures have no '%.*s'; did you mean '%s'?", shown(c->a->text),
                        c->a->text.data, near);
    }
    for (size_t i = 0; literal && i < MW_COUNT(required); i++)
        if (!mw__lint_field(t, required[i]))
            mw__lint_report(f, "MW1803", t->at, t->at + 1, "the fixture has no '%s'", required[i]);
    if (mw__lint_field(t, "expect"))
        check_expect(f, mw__lint_field(t, "expect"));
    if (v.type && !mw__lint_field(t, "unmodelled"))
        check_document(f, v, mw__lint_field(t, "resource"), 0);
    for (const lua_node *c = inventory && inventory->kind == LUA_TABLE ? inventory->kids : NULL; c; c = c->next) {
        mw_str name;
        const lua_node *items = mw_lua_bare(c->b);
        if (!c->a || !mw__lint_text(c->a, &name))
            continue;
        v.type = mw_types_get(f->lint->o.types, mw__lint_dup(f, name));
        if (!v.type)
            mw__lint_at(f, "MW1710", c->a, "there is no resource type '%.*s'", shown(name), name.data);
        for (const lua_node *i = v.type && items->kind == LUA_TABLE ? items->kids : NULL; i; i = i->next)
            check_document(f, v, i->b, 0);
    }
}

void mw__lint_tests(file *f)
{
    const lua_node *r = f->tree.main->returns, *list;
    value v;

    if (!r) {
        mw__lint_report(f, "MW1803", (uint32_t)f->tree.len, (uint32_t)f->tree.len,
                        "expected the file to return a list of fixtures");
        return;
    }
    v = mw__lint_value_of(f, r->more);
    list = v.kind == VALUE_TABLE && v.lists == 0 ? v.node : NULL;
    for (const lua_node *c = list ? list->kids : NULL; c; c = c->next) {
        const lua_node *t = mw_lua_bare(c->b);
        if (!c->a && t->kind == LUA_TABLE)
            check_fixture(f, t);
    }
}

/* ---- all of them ---- */

typedef struct words {
    bool seen[MW_VERDICT_ERROR + 1];
} words;

static bool visit_texts(void *user, lua_node *n)
{
    words *w = user;

    if (n->kind == LUA_STRING)
        for (int i = 0; i <= MW_VERDICT_ERROR; i++)
            w->seen[i] = w->seen[i] || mw_lua_is(n->text, mw_verdict_name((mw_verdict)i));
    return true;
}

typedef struct given {
    const lua_node *verdict[MW_VERDICT_ERROR + 1];
} given;

static bool visit_verdicts(void *user, lua_node *n)
{
    given *g = user;

    if (n->kind == LUA_NAME && !n->symbol)
        for (int i = 0; i < MW_VERDICT_ERROR; i++)
            if (mw_lua_is(n->text, mw_verdict_name((mw_verdict)i)) && !g->verdict[i])
                g->verdict[i] = n;
    return true;
}

void mw__lint_coverage(file *f, file *test)
{
    given g = {0};
    words w = {0};
    const lua_node *needs, *applies;

    if (!f->meta || !f->check)
        return;
    if (!test) {
        mw__lint_report(f, "MW1801", f->meta->at, f->meta->at + 1, "there is no test file beside it");
        return;
    }
    mw_lua_walk(f->tree.main->body, visit_verdicts, &g);
    mw_lua_walk(test->tree.main->body, visit_texts, &w);
    for (int i = 0; i < MW_VERDICT_ERROR; i++)
        if (g.verdict[i] && !w.seen[i])
            mw__lint_at(f, "MW1802", g.verdict[i], "no fixture expects %s", mw_verdict_name((mw_verdict)i));
    applies = mw__lint_field(f->meta, "applies");
    if (applies && !g.verdict[MW_VERDICT_NOT_APPLICABLE] && !w.seen[MW_VERDICT_NOT_APPLICABLE])
        mw__lint_at(f, "MW1802", applies, "no fixture expects not_applicable, which the guard gives");
    needs = mw_lua_bare(mw__lint_field(f->meta, "needs"));
    if (needs && needs->kind == LUA_TABLE && needs->kids && !g.verdict[MW_VERDICT_UNKNOWN] &&
        !w.seen[MW_VERDICT_UNKNOWN])
        mw__lint_at(f, "MW1802", needs, "no fixture expects unknown, which a denied facet gives");
}
