/*
 * Golden accounts. A recording is collected, or a stored snapshot read, and judged as a sweep would; what comes out is compared with
 * a file of expectations, one finding per line, so that a change of a rule shows in a review as the findings
 * that it changes. Every verdict is compared: a pass that becomes unknown is a difference. Where the
 * snapshot comes from is decided in snapshot_of() alone.
 */
#include "cli/test_account.h"

#include "base/file.h"
#include "base/str.h"
#include "cli/rules.h"
#include "cli/session.h"
#include "cli/sweep.h"
#include "engine/archive.h"
#include "engine/evaluate.h"
#include "inventory/collect.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCHEMA     "moonward.expect/1"
#define FILE_MAX   ((size_t)512 << 20)
#define DIFF_LINES 200 /* of one rule */

/* A finding, as it is expected or found: what identifies it, and what is said of it. */
struct row {
    const char *rule, *key, *shown; /* key: all that identifies it; shown: for the difference */
    const char *json;               /* its line of the file */
};

struct rows {
    struct row *items; /* by key */
    size_t count;
};

struct account {
    mw_setup *s;
    const mw_test_account *o;
    const char *file;
    mw_arena *arena; /* the report's */
    mw_findings findings;
    struct rows expected, found;
};

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for a recorded account");
}

static bool is_recording(const char *folder)
{
    MW_AUTO(mw_buf) manifest = {.max = 8192};

    mw_buf_join(&manifest, folder, "/manifest.json", NULL);
    return manifest.data && mw_file_exists(manifest.data);
}

/* ---- what is found ---- */

static mw_status collect(struct account *a, mw_session *n, int *fd, mw_error *err)
{
    mw_plan *plan = NULL;
    mw_status st;

    if ((st = mw_session_identify(n, err)) == MW_OK &&
        (st = mw_sweep_plan(a->s->rules, a->s->types, n->models, &plan, err)) == MW_OK) {
        const mw_collect_account account = {.account = n->account,
                                            .partition = n->partition,
                                            .home_region = n->home_region,
                                            .regions = (const char *const *)n->regions,
                                            .region_count = n->region_count};
        const mw_collect_options o = {.accounts = &account,
                                      .account_count = 1,
                                      .now_unix = mw_client_now_unix(n->client),
                                      .keep_sensitive = true /* nothing is stored */};
        st = mw_collect(n->client, plan, &o, fd, err);
    }
    mw_plan_free(plan);
    return st;
}

static mw_status of_recording(struct account *a, int *fd, mw_error *err)
{
    mw_session n = {0};
    mw_status st = mw_session_open_recording(a->s, a->o->on, &n, err);

    if (st == MW_OK)
        st = collect(a, &n, fd, err);
    mw_session_clear(&n);
    return st;
}

static mw_status of_store(struct account *a, int *fd, mw_error *err)
{
    mw_archive_options o = {.types = a->s->types};
    mw_archived archived = {0};
    mw_store *store = NULL;
    mw_status st;

    if ((st = mw_rules_types(a->s, &o.wanted, &o.wanted_count, err)) == MW_OK &&
        (st = mw_setup_store(a->s, &store, err)) == MW_OK)
        st = mw_archive_load(store, a->o->on, &o, fd, &archived, err);
    mw_archived_clear(&archived);
    mw_store_close(store);
    return st == MW_ERR_NOTFOUND ? mw_error_prefix(err, st, "--on: '%s' is no recording's folder", a->o->on) : st;
}

static mw_status snapshot_of(struct account *a, int *fd, mw_error *err)
{
    if (!mw_file_exists(a->o->on))
        return of_store(a, fd, err);
    if (is_recording(a->o->on))
        return of_recording(a, fd, err);
    return mw_fail(err, MW_ERR_NOTFOUND, "--on: '%s' is not a recording; `moonward sweep --record` makes one",
                   a->o->on);
}

/* ---- rows ---- */

static void put_member(mw_buf *out, const char *before, const char *value)
{
    mw_buf_puts(out, before);
    if (value)
        mw_json_write_string(out, value, strlen(value));
    else
        mw_buf_puts(out, "null");
}

/* Members in byte order of their names, as everywhere. */
static mw_status make_row(struct account *a, const mw_finding *f, struct row *out, mw_error *err)
{
    MW_AUTO(mw_buf) json = {.max = 64 << 10};
    MW_AUTO(mw_buf) shown = {.max = 64 << 10};

    put_member(&json, "{\"account\":", f->account);
    put_member(&json, ",\"id\":", f->id);
    put_member(&json, ",\"message\":", f->message);
    put_member(&json, ",\"region\":", f->region);
    put_member(&json, ",\"rule\":", f->rule);
    put_member(&json, ",\"status\":", mw_verdict_name(f->status));
    put_member(&json, ",\"subkey\":", f->subkey);
    put_member(&json, ",\"type\":", f->type);
    mw_buf_putc(&json, '}');
    mw_buf_join(&shown, mw_verdict_name(f->status), " ", f->id, " (", f->account, " ", f->region, ")",
                f->subkey ? " " : "", f->subkey ? f->subkey : "", f->message ? ": " : "", f->message ? f->message : "",
                NULL);
    if (json.failed != MW_OK || shown.failed != MW_OK)
        return mw_fail(err, MW_ERR_LIMIT, "a finding of %s is too long", f->rule);
    for (char *p = shown.data; *p; p++)
        if (*p == '\n')
            *p = ' ';
    out->rule = mw_arena_strdup(a->arena, f->rule);
    out->key = mw_arena_join(a->arena, f->rule, "\n", f->account, "\n", f->region, "\n", f->type, "\n", f->id, "\n",
                             f->subkey ? f->subkey : "", NULL);
    out->json = mw_arena_strndup(a->arena, json.data, json.len);
    out->shown = mw_arena_strndup(a->arena, shown.data, shown.len);
    return out->rule && out->key && out->json && out->shown ? MW_OK : no_memory(err);
}

static int by_key(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    int c = strcmp(a->key, b->key);

    return c ? c : strcmp(a->json, b->json);
}

static void sort_rows(struct rows *rows)
{
    if (rows->count > 1)
        qsort(rows->items, rows->count, sizeof(*rows->items), by_key);
}

static mw_status find(struct account *a, mw_error *err)
{
    const mw_evaluate_options o = {.stop = a->s->cli->stop};
    int fd = -1;
    mw_status st = snapshot_of(a, &fd, err);

    if (st == MW_OK)
        st = mw_evaluate(a->s->rules, fd, &o, &a->findings, NULL, err);
    if (fd >= 0)
        close(fd);
    if (st != MW_OK)
        return st;
    if ((st = mw_findings_unpack(&a->findings, err)) != MW_OK)
        return st;
    a->found.items = mw_arena_alloc(a->arena, (a->findings.count + 1) * sizeof(*a->found.items));
    if (!a->found.items)
        return no_memory(err);
    for (size_t i = 0; st == MW_OK && i < a->findings.count; i++)
        st = make_row(a, &a->findings.items[i], &a->found.items[a->found.count++], err);
    sort_rows(&a->found);
    return st;
}

/* ---- what is expected ---- */

static mw_status read_row(struct account *a, const mw_doc *d, mw_val v, size_t number, mw_error *err)
{
    mw_finding f = {.rule = mw_val_get_str(d, v, "rule", NULL),
                    .account = mw_val_get_str(d, v, "account", NULL),
                    .region = mw_val_get_str(d, v, "region", NULL),
                    .type = mw_val_get_str(d, v, "type", NULL),
                    .id = mw_val_get_str(d, v, "id", NULL),
                    .subkey = mw_val_get_str(d, v, "subkey", NULL),
                    .message = mw_val_get_str(d, v, "message", NULL)};
    const char *status = mw_val_get_str(d, v, "status", NULL);

    if (!f.rule || !f.account || !f.region || !f.type || !f.id || !status ||
        mw_verdict_parse(status, &f.status) != MW_OK)
        return mw_fail(err, MW_ERR_PARSE,
                       "%s: finding %zu: rule, account, region, type, id and status must be text, "
                       "status a verdict",
                       a->file, number);
    return make_row(a, &f, &a->expected.items[a->expected.count++], err);
}

static mw_status read_expected(struct account *a, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = FILE_MAX};
    mw_doc_builder *b = NULL;
    const mw_doc *d;
    mw_val root, list;
    mw_status st;

    if (!mw_file_exists(a->file))
        return a->o->update
                   ? MW_OK
                   : mw_fail(err, MW_ERR_NOTFOUND, "--on: nothing is expected yet in %s; --update writes it", a->file);
    if ((st = mw_file_read(a->file, &text, err)) != MW_OK || (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    if ((st = mw_json_read(b, text.data ? text.data : "", text.len, NULL, NULL, err)) != MW_OK) {
        st = mw_error_prefix(err, st, "%s", a->file);
        goto out;
    }
    d = mw_doc_view(b);
    root = mw_doc_pop(b);
    list = mw_val_get(d, root, "findings");
    if (!mw_str_eq(mw_val_get_str(d, root, "schema", NULL), SCHEMA) || mw_val_kind(d, list) != MW_KIND_ARRAY) {
        st = mw_fail(err, MW_ERR_PARSE, "%s: not a file of expectations (%s)", a->file, SCHEMA);
        goto out;
    }
    a->expected.items = mw_arena_alloc(a->arena, (mw_val_len(d, list) + 1) * sizeof(*a->expected.items));
    if (!a->expected.items)
        st = no_memory(err);
    for (size_t i = 0; st == MW_OK && i < mw_val_len(d, list); i++)
        st = read_row(a, d, mw_val_at(d, list, i), i + 1, err);
    sort_rows(&a->expected);
out:
    mw_doc_builder_free(b);
    return st;
}

static void write_row(mw_buf *out, const struct row *row, size_t *written)
{
    mw_buf_puts(out, (*written)++ ? ",\n" : "\n");
    mw_buf_puts(out, row->json);
}

/* Expectations of rules that were not asked for stay. */
static mw_status write_expected(struct account *a, mw_error *err)
{
    MW_AUTO(mw_buf) out = {.max = FILE_MAX};
    size_t i = 0, k = 0, written = 0;
    mw_status st;

    mw_buf_puts(&out, "{\"schema\":\"" SCHEMA "\",\"findings\":[");
    while (i < a->expected.count || k < a->found.count) {
        const struct row *e = i < a->expected.count ? &a->expected.items[i] : NULL;
        if (e && (a->o->all_rules || mw_rules_get(a->s->rules, e->rule))) {
            i++;
        } else if (e && (k == a->found.count || strcmp(e->key, a->found.items[k].key) < 0)) {
            write_row(&out, e, &written);
            i++;
        } else {
            write_row(&out, &a->found.items[k++], &written);
        }
    }
    mw_buf_puts(&out, "\n]}\n");
    if ((st = mw_buf_status(&out, err)) != MW_OK)
        return st;
    return mw_file_write_atomic(a->file, out.data, out.len, 0644, err);
}

/* ---- the difference ---- */

/* One rule's rows of a sorted list begin at *at. */
static bool of_rule(const struct rows *rows, size_t at, const char *rule)
{
    return at < rows->count && strcmp(rows->items[at].rule, rule) == 0;
}

static void diff_line(mw_buf *diff, char sign, const struct row *row, size_t *lines)
{
    if ((*lines)++ < DIFF_LINES)
        mw_buf_printf(diff, "%s%c %s", diff->len ? "\n" : "", sign, row->shown);
}

static mw_status compare_rule(struct account *a, const char *rule, size_t *i, size_t *k, mw_ruletest_report *out,
                              mw_error *err)
{
    const struct rows *e = &a->expected, *f = &a->found;
    MW_AUTO(mw_buf) diff = {.max = (size_t)4 << 20};
    mw_ruletest_result t = {.rule = rule, .file = a->file, .name = mw_arena_join(a->arena, "on ", a->o->on, NULL)};
    size_t lines = 0, differences = 0;

    while (of_rule(e, *i, rule) || of_rule(f, *k, rule)) {
        int c = !of_rule(e, *i, rule) ? 1 : !of_rule(f, *k, rule) ? -1 : strcmp(e->items[*i].key, f->items[*k].key);
        bool same = c == 0 && strcmp(e->items[*i].json, f->items[*k].json) == 0;
        if (c <= 0 && !same)
            diff_line(&diff, '-', &e->items[*i], &lines);
        if (c >= 0 && !same)
            diff_line(&diff, '+', &f->items[*k], &lines);
        differences += !same;
        *i += c <= 0;
        *k += c >= 0;
    }
    if (lines > DIFF_LINES)
        mw_buf_printf(&diff, "\n  and %zu lines more", lines - DIFF_LINES);
    if (lines > 0) {
        t.outcome = MW_RULETEST_FAILED;
        t.detail = mw_arena_printf(a->arena, "%zu finding%s differ%s from %s", differences, differences == 1 ? "" : "s",
                                   differences == 1 ? "s" : "", a->file);
        t.diff = diff.data ? mw_arena_strndup(a->arena, diff.data, diff.len) : NULL;
    }
    if (!t.name || (lines > 0 && (!t.detail || !t.diff)))
        return no_memory(err);
    return mw_ruletest_add(out, &t, err);
}

/* Rules that are loaded have a result each, in order; so has a rule that only the file knows. */
static mw_status compare(struct account *a, mw_ruletest_report *out, mw_error *err)
{
    size_t n = mw_rules_count(a->s->rules), r = 0, i = 0, k = 0;
    mw_status st = MW_OK;

    while (st == MW_OK && (r < n || i < a->expected.count)) {
        const char *next = r < n ? mw_rules_at(a->s->rules, r)->id : NULL;
        const char *expected = i < a->expected.count ? a->expected.items[i].rule : NULL;
        if (!next || (expected && strcmp(expected, next) < 0)) {
            if (a->o->all_rules)
                st = compare_rule(a, expected, &i, &k, out, err);
            else
                i++;
            continue;
        }
        next = mw_arena_strdup(a->arena, next);
        st = next ? compare_rule(a, next, &i, &k, out, err) : no_memory(err);
        r++;
    }
    return st;
}

mw_status mw_test_account_run(mw_setup *s, const mw_test_account *o, mw_ruletest_report *out, mw_error *err)
{
    struct account a = {.s = s, .o = o, .arena = &out->arena};
    mw_status st;

    if (!o->expect && !mw_file_exists(o->on))
        return mw_fail(err, MW_ERR_INVALID, "--on: the stored snapshot '%s' needs --expect FILE", o->on);
    a.file = o->expect
                 ? mw_arena_strdup(a.arena, o->expect)
                 : mw_arena_join(a.arena, o->on, mw_str_ends(o->on, "/") ? "" : "/", "expected-findings.json", NULL);
    if (!a.file)
        return no_memory(err);
    st = find(&a, err);
    if (st == MW_OK)
        st = read_expected(&a, err);
    if (st == MW_OK && o->update && (st = write_expected(&a, err)) == MW_OK) {
        a.expected.count = 0;
        st = read_expected(&a, err);
    }
    if (st == MW_OK)
        st = compare(&a, out, err);
    mw_findings_clear(&a.findings);
    return st;
}
