/*
 * Rule tests: fixtures are run as scripts in a worker, come back as JSON, become the worlds of one
 * snapshot through the inventory's own code, and are judged by the same evaluation as a sweep. One
 * batch for everything: a worker for the files, one or more for the verdicts. What a fixture gets
 * wrong is that fixture's failure, never the run's.
 */
#include "engine/ruletest_internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *mw_ruletest_outcome_name(mw_ruletest_outcome o)
{
    static const char *const names[] = {"passed", "failed", "error", "skipped", "todo"};

    return names[o];
}

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for rule tests");
}

/* ---- files ---- */

static bool is_looked_at(const mw_ruletest *r, const char *id)
{
    bool looked_at = r->o->only_count == 0;

    for (size_t i = 0; i < r->o->only_count && !looked_at; i++)
        looked_at = strcmp(r->o->only[i], id) == 0;
    return looked_at;
}

static mw_status find_files(mw_ruletest *r, mw_error *err)
{
    const char **untested = mw_arena_alloc(&r->out->arena, (r->rules->count + 1) * sizeof(*untested));

    r->rule_of_file = mw_alloc((r->rules->count + 1) * sizeof(*r->rule_of_file));
    r->files.items = mw_alloc((r->rules->count + 1) * sizeof(*r->files.items));
    if (!untested || !r->rule_of_file || !r->files.items)
        return no_memory(err);
    for (size_t i = 0; i < r->rules->count; i++) {
        const mw_rule *rule = &r->rules->items[i].rule;
        const char *path = mw_arena_printf(&r->out->arena, "%.*s_test.lua", (int)(strlen(rule->path) - 4), rule->path);
        mw_source_file *f = &r->files.items[r->files.count];
        mw_status st;
        if (!path)
            return no_memory(err);
        if (!is_looked_at(r, rule->id))
            continue;
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

static mw_fixture *add_fixture(mw_ruletest *r, size_t file, mw_error *err)
{
    mw_fixture *f;

    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 256;
        mw_fixture *grown = mw_realloc(r->items, cap * sizeof(*grown));
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
    f->file = file;
    f->name = MW_FIXTURE_FILE;
    f->value = f->params = MW_VAL_ABSENT;
    return f;
}

static mw_status on_record(void *user, const mw_record *rec, mw_error *err)
{
    mw_ruletest *r = user;
    mw_fixture *f = add_fixture(r, rec->item, err);

    if (!f)
        return MW_ERR_NOMEM;
    if (rec->kind != MW_RECORD_FIXTURE || !rec->text[0].data) {
        f->problem = mw_arena_strndup(&r->out->arena, rec->text[0].data ? rec->text[0].data : "", rec->text[0].len);
        return f->problem ? MW_OK : no_memory(err);
    }
    mw_doc_builder_reset(r->scratch);
    if (mw_json_read(r->scratch, rec->text[0].data, rec->text[0].len, NULL, NULL, err) != MW_OK)
        return mw_fail(err, MW_ERR_INVALID, "%s: the worker's fixtures are not JSON", r->files.items[f->file].path);
    mw__fixture_copy(r->b, mw_doc_view(r->scratch), mw_doc_pop(r->scratch));
    f->value = mw_doc_pop(r->b);
    return mw_doc_builder_status(r->b, err);
}

/* Values lie in one finished document from here on; fixtures find theirs by number. */
static mw_status finish_document(mw_ruletest *r, mw_error *err)
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
            mw__fixture_place(r, &r->items[i]);
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
        members += name && strcmp(name, "_tags") != 0 && strcmp(name, "_region") != 0 && strcmp(name, "_account") != 0;
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
static size_t subject_of(const mw_ruletest *r, const mw_snap *s, size_t world, const mw_fixture *f)
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

static mw_status make_snapshot(mw_ruletest *r, size_t *which, size_t *n, int *fd, mw_error *err)
{
    mw_fixture_world *worlds = mw_alloc((r->count + 1) * sizeof(*worlds));
    mw_status st = MW_OK;

    if (!worlds)
        return no_memory(err);
    for (int attempt = 0; attempt < 2; attempt++) {
        *n = 0;
        for (size_t i = 0; i < r->count; i++) {
            if (r->items[i].problem || r->items[i].skip)
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
                r->items[which[i]].problem = mw__ruletest_say(r, "%s", why.message);
            if (one >= 0)
                close(one);
        }
    }
    mw_free(worlds);
    return st;
}

struct watched {
    mw_ruletest *r;
    const size_t *which;
    size_t count;
};

static mw_status on_observed(void *user, const mw_record *rec, mw_error *err)
{
    struct watched *w = user;
    mw_fixture *f;

    if (rec->item >= w->count)
        return mw_fail(err, MW_ERR_PARSE, "a worker's answer is not credible: there is no such job");
    f = &w->r->items[w->which[rec->item]];
    f->spent_ns = rec->count;
    if (!rec->text[1].data || f->traceback) /* one each, whatever a worker sends */
        return MW_OK;
    f->traceback = mw_arena_strndup(&w->r->out->arena, rec->text[1].data, rec->text[1].len);
    return f->traceback ? MW_OK : no_memory(err);
}

static mw_status judge(mw_ruletest *r, const size_t *which, size_t n, int fd, mw_error *err)
{
    mw_job *jobs = mw_alloc((n + 1) * sizeof(*jobs));
    mw_findings *found = mw_alloc((n + 1) * sizeof(*found));
    mw_doc *snapshot = NULL;
    struct watched w = {r, which, n};
    const mw_observer observer = {.user = &w, .on_observed = on_observed};
    mw_snap snap;
    mw_status st = jobs && found ? MW_OK : no_memory(err);

    if (st == MW_OK)
        st = mw_doc_map(fd, &snapshot, err);
    if (st == MW_OK)
        st = mw_snap_init(&snap, snapshot, err);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        const mw_fixture *f = &r->items[which[i]];
        jobs[i] = (mw_job){
            .rule = (uint32_t)f->rule, .world = i, .resource = subject_of(r, &snap, i, f), .params = f->params};
    }
    if (st == MW_OK)
        st = mw__evaluate_jobs(r->rules, fd, jobs, n, r->d, &r->o->evaluate, &observer, found, err);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        r->items[which[i]].found = found[i];
        memset(&found[i], 0, sizeof(found[i]));
    }
    if (st == MW_OK && r->o->coverage)
        st = mw__ruletest_cover(r, jobs, which, n, fd, err);
    for (size_t i = 0; found && i < n; i++)
        mw_findings_clear(&found[i]);
    mw_doc_free(snapshot);
    mw_free(found);
    mw_free(jobs);
    return st;
}

/* ---- which tests ---- */

static bool selects(const mw_ruletest *r, const mw_fixture *f, const char *glob)
{
    const char *id = r->rules->items[f->rule].rule.id;
    MW_AUTO(mw_buf) both = {.max = 64 << 10};

    /* Nobody knows what a file that cannot be run would have held. */
    if (strcmp(f->name, MW_FIXTURE_FILE) == 0)
        return mw_buf_join(&both, id, "/", NULL) == MW_OK &&
               (!strchr(glob, '/') || strncmp(glob, both.data, both.len) == 0);
    mw_buf_join(&both, id, "/", f->name, NULL);
    return mw_glob_match(glob, f->name) || mw_glob_match(glob, id) ||
           (both.failed == MW_OK && mw_glob_match(glob, both.data));
}

static mw_status select_tests(mw_ruletest *r, mw_error *err)
{
    size_t kept = 0;

    for (size_t g = 0; g < r->o->glob_count; g++) {
        bool any = false;
        for (size_t i = 0; i < r->count && !any; i++)
            any = selects(r, &r->items[i], r->o->globs[g]);
        if (!any && r->o->only_count == 0)
            return mw_fail(err, MW_ERR_NOTFOUND, "no test, rule or rule/test matches '%s'", r->o->globs[g]);
    }
    for (size_t i = 0; i < r->count; i++) {
        bool keep = r->o->glob_count == 0;
        for (size_t g = 0; g < r->o->glob_count && !keep; g++)
            keep = selects(r, &r->items[i], r->o->globs[g]);
        if (keep)
            r->items[kept++] = r->items[i];
    }
    r->count = kept;
    if (r->o->glob_count > 0)
        r->out->rules_without_tests = 0;
    return MW_OK;
}

/* A name stands for one test: in reports and for whoever chooses it. */
static void check_names(mw_ruletest *r)
{
    for (size_t i = 0; i < r->count; i++)
        for (size_t k = i; k-- > 0 && r->items[k].file == r->items[i].file;)
            if (!r->items[i].problem && strcmp(r->items[k].name, r->items[i].name) == 0)
                r->items[i].problem = mw__ruletest_say(r, "name: another test of this file has the same");
}

/* ---- results ---- */

mw_status mw_ruletest_add(mw_ruletest_report *r, const mw_ruletest_result *t, mw_error *err)
{
    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 256;
        mw_ruletest_result *grown = mw_realloc(r->items, cap * sizeof(*grown));
        if (!grown)
            return no_memory(err);
        r->items = grown;
        r->cap = cap;
    }
    r->items[r->count++] = *t;
    r->by_outcome[t->outcome]++;
    return MW_OK;
}

/* "path:12: …" says more than where the fixture's name is. */
static unsigned line_of(const mw_ruletest *r, const mw_fixture *f)
{
    const mw_source_file *file = &r->files.items[f->file];
    size_t n = strlen(file->path);
    unsigned line = 0;

    if (strcmp(f->name, MW_FIXTURE_FILE) != 0)
        return mw_source_line_of(file->source, file->len, "name", f->name);
    if (f->problem && strncmp(f->problem, file->path, n) == 0 && f->problem[n] == ':')
        for (const char *s = f->problem + n + 1; *s >= '0' && *s <= '9' && line < 1000000; s++)
            line = line * 10 + (unsigned)(*s - '0');
    return line;
}

static mw_status add_result(mw_ruletest *r, const mw_fixture *f, mw_error *err)
{
    mw_val expect = mw_val_get(r->d, f->value, "expect");
    const char *first =
        mw_val_str(r->d, mw_val_kind(r->d, expect) == MW_KIND_ARRAY ? mw_val_at(r->d, expect, 0) : expect, NULL);
    mw_ruletest_result t = {.file = r->files.items[f->file].path,
                            .name = f->name,
                            .line = line_of(r, f),
                            .expected = MW_VERDICT_PASS,
                            .spent_ns = f->spent_ns};

    t.rule = mw_arena_strdup(&r->out->arena, r->rules->items[f->rule].rule.id);
    if (!t.rule)
        return no_memory(err);
    if (first)
        mw_verdict_parse(first, &t.expected);
    if (f->problem) {
        t.outcome = MW_RULETEST_ERROR;
        t.detail = f->problem;
    } else if (f->skip) {
        t.outcome = MW_RULETEST_SKIPPED;
        t.reason = f->skip;
    } else if (!r->o->list) {
        mw__fixture_compare(r, f, &t);
        t.reason = f->todo;
        if (f->todo && t.outcome != MW_RULETEST_PASSED)
            t.outcome = MW_RULETEST_TODO;
    }
    return mw_ruletest_add(r->out, &t, err);
}

size_t mw_ruletest_failures(const mw_ruletest_report *r)
{
    return r->by_outcome[MW_RULETEST_FAILED] + r->by_outcome[MW_RULETEST_ERROR];
}

/* ---- a run ---- */

static mw_status read_fixtures(mw_ruletest *r, mw_error *err)
{
    mw_status st;

    if ((st = find_files(r, err)) != MW_OK || (st = mw_doc_builder_new(NULL, &r->scratch, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &r->b, err)) != MW_OK ||
        (st = mw__load_files("fixtures", r->files.items, r->files.count, r, on_record, err)) != MW_OK)
        return st;
    for (size_t i = 0; i < r->count; i++)
        if (!r->items[i].problem)
            r->items[i].problem = mw__fixture_problem(r, &r->items[i]);
    check_names(r);
    return select_tests(r, err);
}

static mw_status run_all(mw_ruletest *r, mw_error *err)
{
    size_t *which = NULL, n = 0;
    int fd = -1;
    mw_status st;

    if ((st = read_fixtures(r, err)) != MW_OK || (st = finish_document(r, err)) != MW_OK)
        return st;
    which = mw_alloc((r->count + 1) * sizeof(*which));
    if (!which)
        return no_memory(err);
    st = make_snapshot(r, which, &n, &fd, err);
    if (st == MW_OK && n > 0 && !r->o->list)
        st = judge(r, which, n, fd, err);
    else if (st == MW_OK && r->o->coverage && !r->o->list)
        st = mw__ruletest_cover(r, NULL, which, 0, -1, err);
    for (size_t i = 0; st == MW_OK && i < r->count; i++) {
        if (r->o->fail_fast && mw_ruletest_failures(r->out) > 0)
            r->out->left_out++;
        else
            st = add_result(r, &r->items[i], err);
    }
    if (fd >= 0)
        close(fd);
    mw_free(which);
    return st;
}

mw_status mw_ruletest_run(const mw_rules *rules, const mw_types *types, const mw_ruletest_options *o,
                          mw_ruletest_report *out, mw_error *err)
{
    static const mw_ruletest_options nothing;
    mw_ruletest r = {.rules = rules, .types = types, .o = o ? o : &nothing, .out = out};
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
