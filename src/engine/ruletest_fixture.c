/*
 * One fixture: is it written as a fixture is, and may AWS give what it gives? Runs nothing. Each answer is
 * one line that names the key, or the path, and the nearest right one.
 */
#include "engine/ruletest_internal.h"

#include "base/str.h"
#include "base/time.h"
#include "inventory/fixture_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ctx.now of a fixture that names none: fixed, so that a test cannot start to fail by itself. */
#define DEFAULT_NOW 1767225600 /* 2026-01-01T00:00:00Z */
#define EXPECT_MAX  100

#define KIND(k) (1u << MW_KIND_##k)

/* `kinds` of 0: looked at by whoever reads it. */
static const struct {
    const char *key, *wanted;
    unsigned kinds;
} members[] = {
    {"account", "text", KIND(STRING)},
    {"evidence", "a table of paths and values", KIND(OBJECT)},
    {"expect", NULL, 0},
    {"inventory", "a table of types", KIND(OBJECT)},
    {"message", "text", KIND(STRING)},
    {"name", "text", KIND(STRING)},
    {"now", "a time as text", KIND(STRING)},
    {"params", "a table", KIND(OBJECT)},
    {"region", "text", KIND(STRING)},
    {"resource", "a table of AWS's members", KIND(OBJECT)},
    {"skip", "a reason as text", KIND(STRING)},
    {"subkeys", "a list of texts", KIND(ARRAY) | KIND(OBJECT)},
    {"tags", "a table or unknown", KIND(OBJECT) | KIND(UNKNOWN)},
    {"todo", "a reason as text", KIND(STRING)},
    {"unmodelled", "a list of paths", KIND(ARRAY)},
};

const char *const *mw_ruletest_members(size_t *count)
{
    static const char *names[MW_COUNT(members)];

    for (size_t i = 0; i < MW_COUNT(members); i++)
        names[i] = members[i].key;
    *count = MW_COUNT(members);
    return names;
}

const char *mw__ruletest_say(mw_ruletest *r, const char *format, ...)
{
    MW_AUTO(mw_buf) text = {.max = 16 << 10};
    char line[MW_ERROR_MESSAGE_SIZE];
    const char *copy;
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    mw_utf8_repair(&text, line, strlen(line)); /* it may have been cut */
    copy = text.data ? mw_arena_strndup(&r->out->arena, text.data, text.len) : NULL;
    return copy ? copy : "out of memory for this message";
}

static const char *unknown_key(mw_ruletest *r, const char *name)
{
    const char *names[MW_COUNT(members)], *near;

    for (size_t i = 0; i < MW_COUNT(members); i++)
        names[i] = members[i].key;
    near = mw_nearest(name, names, MW_COUNT(members));
    return near ? mw__ruletest_say(r, "unknown key '%s'; did you mean '%s'?", name, near)
                : mw__ruletest_say(r, "unknown key '%s'", name);
}

static const char *check_members(mw_ruletest *r, const mw_doc *d, mw_val fixture)
{
    for (size_t i = 0; i < mw_val_len(d, fixture); i++) {
        mw_val key, v = mw_val_member(d, fixture, i, &key);
        const char *name = mw_val_str(d, key, NULL);
        size_t k = 0;
        while (k < MW_COUNT(members) && strcmp(members[k].key, name) != 0)
            k++;
        if (k == MW_COUNT(members))
            return unknown_key(r, name);
        if (members[k].kinds && !(members[k].kinds >> mw_val_kind(d, v) & 1u))
            return mw__ruletest_say(r, "%s: expected %s", name, members[k].wanted);
    }
    return NULL;
}

static const char *check_expect(mw_ruletest *r, const mw_doc *d, mw_val expect)
{
    bool list = mw_val_kind(d, expect) == MW_KIND_ARRAY;
    size_t n = list ? mw_val_len(d, expect) : 1;
    mw_verdict v;

    if (expect == MW_VAL_ABSENT)
        return "'expect' is missing";
    if (n > EXPECT_MAX)
        return "expect has more than 100 elements";
    for (size_t i = 0; i < n; i++) {
        const char *text = mw_val_str(d, list ? mw_val_at(d, expect, i) : expect, NULL);
        if (!text || mw_verdict_parse(text, &v) != MW_OK)
            return mw__ruletest_say(r, "expect '%s' is not one of pass, fail, not_applicable, unknown, error",
                                    text ? text : "(not text)");
    }
    return NULL;
}

/* The rule's parameters with the fixture's over them; pushed on the builder and popped. */
static const char *merge_params(mw_ruletest *r, mw_fixture *f, mw_val over)
{
    const mw_rule_entry *e = &r->rules->items[f->rule];
    const mw_doc *d = mw_doc_view(r->b), *rd = r->rules->doc;

    for (size_t i = 0; i < mw_val_len(d, over); i++) {
        mw_val key;
        const char *name;
        mw_val_member(d, over, i, &key);
        name = mw_val_str(d, key, NULL);
        if (name && mw_val_get(rd, e->rule.params, name) == MW_VAL_ABSENT)
            return mw__ruletest_say(r, "params: the rule has no parameter '%s'", name);
    }
    mw_doc_begin_object(r->b);
    for (size_t i = 0; i < mw_val_len(rd, e->rule.params); i++) {
        mw_val key, value = mw_val_member(rd, e->rule.params, i, &key), mine;
        size_t len;
        const char *name = mw_val_str(rd, key, &len);
        mine = mw_val_get(d, over, name);
        mw_doc_key(r->b, name, len);
        if (mine != MW_VAL_ABSENT)
            mw_doc_add_val(r->b, mine);
        else
            mw_doc_add_copy(r->b, rd, value);
    }
    mw_doc_end_object(r->b);
    f->params = mw_doc_pop(r->b);
    return NULL;
}

static const char *check_items(mw_ruletest *r, const mw_doc *d, const mw_fixture *f)
{
    mw_val inventory = mw_val_get(d, f->value, "inventory"), paths = mw_val_get(d, f->value, "unmodelled");
    mw_error err = {0};

    if (!r->o->models)
        return NULL;
    if (mw_fixture_check(r->types, r->o->models, r->rules->items[f->rule].rule.resource, d,
                         mw_val_get(d, f->value, "resource"), "resource", paths, &err) != MW_OK)
        return mw__ruletest_say(r, "%s", err.message);
    for (size_t i = 0; i < mw_val_len(d, inventory); i++) {
        mw_val key, list = mw_val_member(d, inventory, i, &key);
        const char *type = mw_val_str(d, key, NULL);
        for (size_t k = 0; mw_val_kind(d, list) == MW_KIND_ARRAY && k < mw_val_len(d, list); k++) {
            char where[200];
            snprintf(where, sizeof(where), "inventory.%s[%zu]", type, k + 1);
            if (mw_fixture_check(r->types, r->o->models, type, d, mw_val_at(d, list, k), where, paths, &err) != MW_OK)
                return mw__ruletest_say(r, "%s", err.message);
        }
    }
    return NULL;
}

/* The view's strings are not kept: more is added later. */
const char *mw__fixture_problem(mw_ruletest *r, mw_fixture *f)
{
    const mw_doc *d = mw_doc_view(r->b);
    const char *problem, *skip, *todo;
    mw_val params;

    if (mw_val_kind(d, f->value) != MW_KIND_OBJECT)
        return "a fixture is a table with names";
    f->name = mw_arena_strdup(&r->out->arena, mw_val_get_str(d, f->value, "name", "(no name)"));
    if (!f->name)
        return "out of memory for its name";
    if (!mw_val_get_str(d, f->value, "name", NULL))
        return "'name' is missing";
    if ((problem = check_members(r, d, f->value)) || (problem = check_expect(r, d, mw_val_get(d, f->value, "expect"))))
        return problem;
    if (mw_val_get(d, f->value, "resource") == MW_VAL_ABSENT)
        return "'resource' is missing";
    skip = mw_val_get_str(d, f->value, "skip", NULL);
    todo = mw_val_get_str(d, f->value, "todo", NULL);
    f->skip = skip ? mw__ruletest_say(r, "%s", skip) : NULL;
    f->todo = todo ? mw__ruletest_say(r, "%s", todo) : NULL;
    if ((problem = check_items(r, d, f)))
        return problem;
    params = mw_val_get(d, f->value, "params");
    return params != MW_VAL_ABSENT ? merge_params(r, f, params) : NULL;
}

/* Copy with {"$unknown": cause} as the unknown value that it stands for. */
void mw__fixture_copy(mw_doc_builder *b, const mw_doc *d, mw_val v)
{
    mw_kind kind = mw_val_kind(d, v);
    size_t n = mw_val_len(d, v);
    mw_val cause;

    if (kind == MW_KIND_ARRAY) {
        mw_doc_begin_array(b);
        for (size_t i = 0; i < n; i++)
            mw__fixture_copy(b, d, mw_val_at(d, v, i));
        mw_doc_end_array(b);
        return;
    }
    if (kind != MW_KIND_OBJECT) {
        mw_doc_add_copy(b, d, v);
        return;
    }
    cause = mw_val_get(d, v, "$unknown");
    if (n == 1 && cause != MW_VAL_ABSENT) {
        mw_doc_add_copy(b, d, cause);
        mw_doc_add_unknown(b);
        return;
    }
    mw_doc_begin_object(b);
    for (size_t i = 0; i < n; i++) {
        mw_val key, value = mw_val_member(d, v, i, &key);
        size_t len;
        const char *name = mw_val_str(d, key, &len);
        mw_doc_key(b, name, len);
        mw__fixture_copy(b, d, value);
    }
    mw_doc_end_object(b);
}

mw_status mw__fixture_world(const mw_doc *d, mw_val fixture, const char *type, mw_fixture_world *out, mw_error *err)
{
    const char *now = mw_val_get_str(d, fixture, "now", NULL);
    int64_t ns;

    *out = (mw_fixture_world){.type = type,
                              .item = mw_val_get(d, fixture, "resource"),
                              .tags = mw_val_get(d, fixture, "tags"),
                              .account = mw_val_get_str(d, fixture, "account", NULL),
                              .region = mw_val_get_str(d, fixture, "region", NULL),
                              .inventory = mw_val_get(d, fixture, "inventory"),
                              .now_unix = DEFAULT_NOW};
    if (!now)
        return MW_OK;
    if (mw_time_parse(now, strlen(now), &ns, NULL) != MW_OK)
        return mw_fail(err, MW_ERR_INVALID, "now: '%s' is not a time", now);
    out->now_unix = ns / 1000000000;
    return MW_OK;
}

void mw__fixture_place(mw_ruletest *r, mw_fixture *f)
{
    mw_error err = {0};

    if (mw__fixture_world(r->d, f->value, r->rules->items[f->rule].rule.resource, &f->world, &err) != MW_OK)
        f->problem = mw__ruletest_say(r, "%s", err.message);
}
