/*
 * Rule tests: fixtures are run as scripts in a worker, come back as JSON, become the worlds of one
 * snapshot through the inventory's own code, and are judged by the same evaluation as a sweep. One
 * batch for everything: a worker for the files, one or more for the verdicts. What a fixture gets
 * wrong is that fixture's failure, never the run's.
 */
#include "engine/ruletest.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/rule_files.h"
#include "engine/rule_internal.h"
#include "inventory/collect.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ctx.now of a fixture that names none: fixed, so that a test cannot start to fail by itself. */
#define DEFAULT_NOW 1767225600 /* 2026-01-01T00:00:00Z */
#define EXPECT_MAX 100

static const char *const fixture_keys[] = {"account",   "expect", "inventory", "message", "name",   "now",
                                           "params",    "region", "resource",  "subkeys", "tags"};

struct fixture {
    size_t rule;          /* number in the rules */
    const char *file;
    const char *name;
    const char *problem;  /* why it cannot be run; NULL when it can */
    mw_val value;         /* in the fixtures' document */
    mw_val params;        /* effective, in the same document; ABSENT = the rule's own */
    mw_fixture_world world;
    mw_findings found;
};

struct run {
    const mw_rules *rules;
    const mw_types *types;
    const mw_evaluate_options *o;
    mw_ruletest_report *out;
    mw_file_list files;
    size_t *rule_of_file;
    mw_doc_builder *scratch, *b;
    mw_doc *d;
    struct fixture *items;
    size_t count, cap;
};

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for rule tests");
}

/* ---- files ---- */

static mw_status find_files(struct run *r, mw_error *err)
{
    const char **untested = mw_arena_alloc(&r->out->arena, (r->rules->count + 1) * sizeof(*untested));

    r->rule_of_file = mw_alloc((r->rules->count + 1) * sizeof(*r->rule_of_file));
    r->files.items = mw_alloc((r->rules->count + 1) * sizeof(*r->files.items));
    if (!untested || !r->rule_of_file || !r->files.items)
        return no_memory(err);
    for (size_t i = 0; i < r->rules->count; i++) {
        const mw_rule *rule = &r->rules->items[i].rule;
        const char *path = mw_arena_printf(&r->out->arena, "%.*s_test.lua", (int)(strlen(rule->path) - 4),
                                           rule->path);
        mw_source_file *f = &r->files.items[r->files.count];
        mw_status st;
        if (!path)
            return no_memory(err);
        if (!mw_file_exists(path)) {
            untested[r->out->rules_without_tests] = mw_arena_strdup(&r->out->arena, rule->id);
            if (!untested[r->out->rules_without_tests++])
                return no_memory(err);
            continue;
        }
        f->path = path;
        st = mw__file_read_source(f, &r->out->arena, err);
        if (st != MW_OK)
            return st;
        r->rule_of_file[r->files.count++] = i;
    }
    r->out->untested = untested;
    return MW_OK;
}

static struct fixture *add_fixture(struct run *r, size_t file, mw_error *err)
{
    struct fixture *f;

    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 256;
        struct fixture *grown = mw_realloc(r->items, cap * sizeof(*grown));
        if (!grown) {
            no_memory(err);
            return NULL;
        }
        r->items = grown;
        r->cap = cap;
    }
    f = &r->items[r->count++];
    memset(f, 0, sizeof(*f));
    f->rule = r->rule_of_file[file];
    f->file = r->files.items[file].path;
    f->name = "(file)";
    f->value = f->params = MW_VAL_ABSENT;
    return f;
}

/* Copy with {"$unknown": cause} as the unknown value that it stands for. */
static void add_converted(mw_doc_builder *b, const mw_doc *d, mw_val v)
{
    mw_kind kind = mw_val_kind(d, v);
    size_t n = mw_val_len(d, v);
    mw_val cause;

    if (kind == MW_KIND_ARRAY) {
        mw_doc_begin_array(b);
        for (size_t i = 0; i < n; i++)
            add_converted(b, d, mw_val_at(d, v, i));
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
        add_converted(b, d, value);
    }
    mw_doc_end_object(b);
}

static mw_status on_record(void *user, const mw_record *rec, mw_error *err)
{
    struct run *r = user;
    struct fixture *f = add_fixture(r, rec->item, err);

    if (!f)
        return MW_ERR_NOMEM;
    if (rec->kind != MW_RECORD_FIXTURE || !rec->text[0].data) {
        f->problem = mw_arena_strndup(&r->out->arena, rec->text[0].data ? rec->text[0].data : "",
                                      rec->text[0].len);
        return f->problem ? MW_OK : no_memory(err);
    }
    mw_doc_builder_reset(r->scratch);
    if (mw_json_read(r->scratch, rec->text[0].data, rec->text[0].len, NULL, NULL, err) != MW_OK)
        return mw_fail(err, MW_ERR_INVALID, "%s: the worker's fixtures are not JSON", f->file);
    add_converted(r->b, mw_doc_view(r->scratch), mw_doc_pop(r->scratch));
    f->value = mw_doc_pop(r->b);
    return mw_doc_builder_status(r->b, err);
}

/* ---- from fixtures to worlds ---- */

/* A message of three parts that lives as long as the report. */
static const char *say(struct run *r, const char *before, const char *name, const char *after)
{
    const char *text = mw_arena_printf(&r->out->arena, "%s%s%s", before, name, after);

    return text ? text : "out of memory for this message";
}

static const char *check_fixture_keys(struct run *r, const mw_doc *d, const struct fixture *f)
{
    for (size_t i = 0; i < mw_val_len(d, f->value); i++) {
        mw_val key;
        const char *name, *near;
        bool known = false;
        mw_val_member(d, f->value, i, &key);
        name = mw_val_str(d, key, NULL);
        for (size_t k = 0; k < MW_COUNT(fixture_keys) && !known; k++)
            known = strcmp(fixture_keys[k], name) == 0;
        if (known)
            continue;
        near = mw_nearest(name, fixture_keys, MW_COUNT(fixture_keys));
        return near ? say(r, "unknown key; did you mean '", near, "'?") : say(r, "unknown key '", name, "'");
    }
    return NULL;
}

static const char *check_expect(struct run *r, const mw_doc *d, mw_val expect)
{
    size_t n = mw_val_kind(d, expect) == MW_KIND_ARRAY ? mw_val_len(d, expect) : 1;
    mw_verdict v;

    if (n > EXPECT_MAX)
        return "expect has more than 100 elements";
    for (size_t i = 0; i < n; i++) {
        mw_val e = mw_val_kind(d, expect) == MW_KIND_ARRAY ? mw_val_at(d, expect, i) : expect;
        const char *text = mw_val_str(d, e, NULL);
        if (!text || mw_verdict_parse(text, &v) != MW_OK)
            return say(r, "expect '", text ? text : "(nothing)",
                       "' is not one of pass, fail, not_applicable, unknown, error");
    }
    return NULL;
}

/* The rule's parameters with the fixture's over them; pushed on the builder and popped. */
static const char *merge_params(struct run *r, struct fixture *f, mw_val over)
{
    const mw_rule_entry *e = &r->rules->items[f->rule];
    const mw_doc *d = mw_doc_view(r->b), *rd = r->rules->doc;

    for (size_t i = 0; i < mw_val_len(d, over); i++) {
        mw_val key;
        const char *name;
        mw_val_member(d, over, i, &key);
        name = mw_val_str(d, key, NULL);
        if (name && mw_val_get(rd, e->rule.params, name) == MW_VAL_ABSENT)
            return say(r, "params: the rule has no parameter '", name, "'");
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

/* Everything that does not need the types. The view's strings are not kept: more is added later. */
static const char *check_fixture(struct run *r, struct fixture *f)
{
    const mw_doc *d = mw_doc_view(r->b);
    const char *problem;
    mw_val params;

    if (mw_val_kind(d, f->value) != MW_KIND_OBJECT)
        return "a fixture is a table with names";
    f->name = mw_arena_strdup(&r->out->arena, mw_val_get_str(d, f->value, "name", "(no name)"));
    if (!f->name)
        return "out of memory for its name";
    if (!mw_val_get_str(d, f->value, "name", NULL))
        return "'name' is missing";
    if ((problem = check_fixture_keys(r, d, f)) ||
        (problem = check_expect(r, d, mw_val_get(d, f->value, "expect"))))
        return problem;
    if (mw_val_get(d, f->value, "resource") == MW_VAL_ABSENT)
        return "'resource' is missing";
    params = mw_val_get(d, f->value, "params");
    return params != MW_VAL_ABSENT ? merge_params(r, f, params) : NULL;
}

static void fill_world(struct run *r, struct fixture *f)
{
    const mw_doc *d = r->d;
    const char *now = mw_val_get_str(d, f->value, "now", NULL);
    int64_t ns;

    f->world = (mw_fixture_world){.type = r->rules->items[f->rule].rule.resource,
                                  .item = mw_val_get(d, f->value, "resource"),
                                  .tags = mw_val_get(d, f->value, "tags"),
                                  .account = mw_val_get_str(d, f->value, "account", NULL),
                                  .region = mw_val_get_str(d, f->value, "region", NULL),
                                  .inventory = mw_val_get(d, f->value, "inventory"),
                                  .now_unix = DEFAULT_NOW};
    if (!now)
        return;
    if (mw_time_parse(now, strlen(now), &ns, NULL) == MW_OK)
        f->world.now_unix = ns / 1000000000;
    else
        f->problem = say(r, "now: '", now, "' is not a time");
}

/* Values lie in one finished document from here on; fixtures find theirs by number. */
static mw_status finish_document(struct run *r, mw_error *err)
{
    mw_val root;
    mw_status st;

    mw_doc_begin_array(r->b);
    for (size_t i = 0; i < r->count; i++) {
        mw_doc_begin_array(r->b);
        mw_doc_add_val(r->b, r->items[i].value == MW_VAL_ABSENT ? MW_VAL_NULL : r->items[i].value);
        mw_doc_add_val(r->b, r->items[i].params == MW_VAL_ABSENT ? MW_VAL_NULL : r->items[i].params);
        mw_doc_end_array(r->b);
    }
    mw_doc_end_array(r->b);
    root = mw_doc_pop(r->b);
    st = mw_doc_finish(r->b, root, &r->d, err);
    for (size_t i = 0; st == MW_OK && i < r->count; i++) {
        mw_val pair = mw_val_at(r->d, mw_doc_root(r->d), i);
        r->items[i].value = mw_val_at(r->d, pair, 0);
        r->items[i].params = mw_val_at(r->d, pair, 1);
        if (!r->items[i].problem)
            fill_world(r, &r->items[i]);
    }
    return st;
}

/* ---- which resource of a world is under test ---- */

static bool same_item(mw_buf *a, mw_buf *b, const mw_doc *d, mw_val item, const mw_doc *sd, mw_val doc)
{
    size_t n = mw_val_len(sd, doc), members = 0;

    for (size_t i = 0; i < mw_val_len(d, item); i++) {
        mw_val key;
        const char *name;
        mw_val_member(d, item, i, &key);
        name = mw_val_str(d, key, NULL);
        members += name && strcmp(name, "_tags") != 0 && strcmp(name, "_region") != 0 &&
                   strcmp(name, "_account") != 0;
    }
    if (members != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        mw_val key, v = mw_val_member(sd, doc, i, &key);
        mw_val mine = mw_val_get(d, item, mw_val_str(sd, key, NULL));
        mw_buf_reset(a);
        mw_buf_reset(b);
        /* As text, for an unknown equals nothing. */
        if (mine == MW_VAL_ABSENT || mw_json_write(a, d, mine, MW_JSON_COMPACT) != MW_OK ||
            mw_json_write(b, sd, v, MW_JSON_COMPACT) != MW_OK || a->len != b->len ||
            memcmp(a->data, b->data, a->len) != 0)
            return false;
    }
    return true;
}

/* Resources of a type are sorted, and the inventory of a fixture may hold the same type. */
static size_t subject_of(const struct run *r, const mw_snap *s, size_t world, const struct fixture *f)
{
    mw_val array = mw_snap_resources(s, world, f->world.type);
    size_t n = mw_val_len(s->doc, array);
    MW_AUTO(mw_buf) a = {0};
    MW_AUTO(mw_buf) b = {0};

    for (size_t i = 0; n > 1 && i < n; i++) {
        mw_val doc = mw_val_get_atom(s->doc, mw_val_at(s->doc, array, i), s->item);
        if (same_item(&a, &b, r->d, f->world.item, s->doc, doc))
            return i;
    }
    return 0;
}

/* ---- evaluation ---- */

static mw_status make_snapshot(struct run *r, size_t *which, size_t *n, int *fd, mw_error *err)
{
    mw_fixture_world *worlds = mw_alloc((r->count + 1) * sizeof(*worlds));
    mw_status st = MW_OK;

    if (!worlds)
        return no_memory(err);
    for (int attempt = 0; attempt < 2; attempt++) {
        *n = 0;
        for (size_t i = 0; i < r->count; i++) {
            if (r->items[i].problem)
                continue;
            which[*n] = i;
            worlds[(*n)++] = r->items[i].world;
        }
        st = *n ? mw_snapshot_from_fixtures(r->types, r->d, worlds, *n, fd, err) : MW_OK;
        if (st == MW_OK || st == MW_ERR_NOMEM || attempt == 1)
            break;
        /* Some fixture is at fault: try each by itself, then all that are sound. */
        for (size_t i = 0; i < *n; i++) {
            mw_error why = {0};
            int one = -1;
            if (mw_snapshot_from_fixtures(r->types, r->d, &worlds[i], 1, &one, &why) != MW_OK)
                r->items[which[i]].problem = say(r, "", why.message, "");
            if (one >= 0)
                close(one);
        }
    }
    mw_free(worlds);
    return st;
}

static mw_status judge(struct run *r, const size_t *which, size_t n, int fd, mw_error *err)
{
    mw_job *jobs = mw_alloc((n + 1) * sizeof(*jobs));
    mw_findings *found = mw_alloc((n + 1) * sizeof(*found));
    mw_doc *snapshot = NULL;
    mw_snap snap;
    mw_status st = jobs && found ? MW_OK : no_memory(err);

    if (st == MW_OK)
        st = mw_doc_map(fd, &snapshot, err);
    if (st == MW_OK)
        st = mw_snap_init(&snap, snapshot, err);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        const struct fixture *f = &r->items[which[i]];
        jobs[i] = (mw_job){.rule = (uint32_t)f->rule, .world = i, .resource = subject_of(r, &snap, i, f),
                           .params = f->params};
    }
    if (st == MW_OK)
        st = mw__evaluate_jobs(r->rules, fd, jobs, n, r->d, r->o, found, err);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        r->items[which[i]].found = found[i];
        memset(&found[i], 0, sizeof(found[i]));
    }
    for (size_t i = 0; found && i < n; i++)
        mw_findings_clear(&found[i]);
    mw_doc_free(snapshot);
    mw_free(found);
    mw_free(jobs);
    return st;
}

/* ---- comparison ---- */

static const mw_finding *at(const struct fixture *f, size_t i)
{
    return i < f->found.count ? &f->found.items[i] : NULL;
}

static void describe_found(const struct fixture *f, mw_buf *out)
{
    if (f->found.count == 0)
        mw_buf_puts(out, "nothing");
    for (size_t i = 0; i < f->found.count && i < 8; i++) {
        const mw_finding *x = at(f, i);
        mw_buf_printf(out, "%s%s%s%s%s", i ? ", " : "", mw_verdict_name(x->status), x->subkey ? " (" : "",
                      x->subkey ? x->subkey : "", x->subkey ? ")" : "");
        if (x->message)
            mw_buf_printf(out, ": %s", x->message);
    }
    if (f->found.count > 8)
        mw_buf_printf(out, " and %zu more", f->found.count - 8);
}

static bool statuses_match(const struct run *r, const struct fixture *f, mw_val expect)
{
    bool list = mw_val_kind(r->d, expect) == MW_KIND_ARRAY;
    size_t n = list ? mw_val_len(r->d, expect) : 1;

    if (n != f->found.count)
        return false;
    for (size_t i = 0; i < n; i++) {
        mw_val e = list ? mw_val_at(r->d, expect, i) : expect;
        if (strcmp(mw_val_str(r->d, e, NULL), mw_verdict_name(at(f, i)->status)) != 0)
            return false;
    }
    return true;
}

static bool message_matches(const struct fixture *f, const char *want)
{
    for (size_t i = 0; i < f->found.count; i++)
        if (at(f, i)->message && strstr(at(f, i)->message, want))
            return true;
    return false;
}

static bool subkeys_match(const struct run *r, const struct fixture *f, mw_val want)
{
    size_t n = mw_val_len(r->d, want);

    if (n != f->found.count)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!mw_str_eq(mw_val_str(r->d, mw_val_at(r->d, want, i), NULL), at(f, i)->subkey))
            return false;
    return true;
}

/* NULL when the fixture passed. */
static const char *compare(struct run *r, const struct fixture *f)
{
    const mw_doc *d = r->d;
    mw_val expect = mw_val_get(d, f->value, "expect"), subkeys = mw_val_get(d, f->value, "subkeys");
    const char *message = mw_val_get_str(d, f->value, "message", NULL);
    MW_AUTO(mw_buf) text = {.max = 16 << 10};
    const char *detail;

    if (!statuses_match(r, f, expect)) {
        mw_buf_puts(&text, "expected ");
        if (mw_val_str(d, expect, NULL))
            mw_buf_puts(&text, mw_val_str(d, expect, NULL));
        else
            mw_json_write(&text, d, expect, MW_JSON_COMPACT);
    } else if (message && !message_matches(f, message)) {
        mw_buf_printf(&text, "expected a message with '%s'", message);
    } else if (subkeys != MW_VAL_ABSENT && !subkeys_match(r, f, subkeys)) {
        mw_buf_puts(&text, "expected the subkeys ");
        mw_json_write(&text, d, subkeys, MW_JSON_COMPACT);
    } else {
        return NULL;
    }
    mw_buf_puts(&text, ", found ");
    describe_found(f, &text);
    detail = mw_arena_strndup(&r->out->arena, text.data, text.len);
    return detail ? detail : "out of memory for this message";
}

static mw_status add_result(struct run *r, const struct fixture *f, mw_error *err)
{
    mw_ruletest_report *out = r->out;
    mw_ruletest_result *t;
    mw_val expect = mw_val_get(r->d, f->value, "expect");
    const char *first = mw_val_str(
        r->d, mw_val_kind(r->d, expect) == MW_KIND_ARRAY ? mw_val_at(r->d, expect, 0) : expect, NULL);

    if (out->count == out->cap) {
        size_t cap = out->cap ? out->cap * 2 : 256;
        mw_ruletest_result *grown = mw_realloc(out->items, cap * sizeof(*grown));
        if (!grown)
            return no_memory(err);
        out->items = grown;
        out->cap = cap;
    }
    t = &out->items[out->count++];
    *t = (mw_ruletest_result){.file = f->file, .name = f->name, .expected = MW_VERDICT_PASS};
    t->rule = mw_arena_strdup(&out->arena, r->rules->items[f->rule].rule.id);
    if (!t->rule)
        return no_memory(err);
    if (first)
        mw_verdict_parse(first, &t->expected);
    t->detail = f->problem ? f->problem : compare(r, f);
    t->passed = t->detail == NULL;
    out->passed += t->passed;
    out->failed += !t->passed;
    return MW_OK;
}

static mw_status run_all(struct run *r, mw_error *err)
{
    size_t *which = NULL, n = 0;
    int fd = -1;
    mw_status st = find_files(r, err);

    if (st == MW_OK)
        st = mw_doc_builder_new(NULL, &r->scratch, err);
    if (st == MW_OK)
        st = mw_doc_builder_new(NULL, &r->b, err);
    if (st == MW_OK)
        st = mw__load_files("fixtures", r->files.items, r->files.count, r, on_record, err);
    for (size_t i = 0; st == MW_OK && i < r->count; i++)
        if (!r->items[i].problem)
            r->items[i].problem = check_fixture(r, &r->items[i]);
    if (st == MW_OK)
        st = finish_document(r, err);
    if (st == MW_OK && !(which = mw_alloc((r->count + 1) * sizeof(*which))))
        st = no_memory(err);
    if (st == MW_OK)
        st = make_snapshot(r, which, &n, &fd, err);
    if (st == MW_OK && n > 0)
        st = judge(r, which, n, fd, err);
    for (size_t i = 0; st == MW_OK && i < r->count; i++)
        st = add_result(r, &r->items[i], err);
    if (fd >= 0)
        close(fd);
    mw_free(which);
    return st;
}

mw_status mw_ruletest_run(const mw_rules *rules, const mw_types *types, const mw_evaluate_options *o,
                          mw_ruletest_report *out, mw_error *err)
{
    struct run r = {.rules = rules, .types = types, .o = o, .out = out};
    mw_status st;

    r.files.arena = &out->arena;
    st = run_all(&r, err);
    for (size_t i = 0; i < r.count; i++)
        mw_findings_clear(&r.items[i].found);
    mw_free(r.items);
    mw_free(r.rule_of_file);
    mw__files_clear(&r.files);
    mw_doc_builder_free(r.scratch);
    mw_doc_builder_free(r.b);
    mw_doc_free(r.d);
    if (st != MW_OK)
        mw_ruletest_report_clear(out);
    return st;
}

void mw_ruletest_report_clear(mw_ruletest_report *r)
{
    mw_free(r->items);
    mw_arena_clear(&r->arena);
    memset(r, 0, sizeof(*r));
}
