/* Snapshots and runs that are stored account by account: nobody sees half of one, and one that is not ended can be gone on with or taken back. */
#include "support/support.h"

#include "base/buf.h"
#include "store/snapshots.h"
#include "unit/store/scratch.h"

#define TYPE "AWS::S3::Bucket"
#define NOW  "2026-01-02T03:04:05Z"

static mw_store *open_store(const char *name)
{
    mw_error err = {0};
    mw_store *s;

    assert_ok(mw_store_open(scratch(name), NULL, &s, &err));
    return s;
}

/* Ids and documents as "a=1 b=2"; `part`: of the open snapshot. */
static mw_status put(mw_store *s, const char *id, const char *account, const char *items, bool part, bool complete,
                     mw_error *err)
{
    mw_snapshot_writer *w;
    mw_status st =
        part ? mw_snapshot_begin_part(s, id, NOW, "{}", &w, err) : mw_snapshot_begin(s, id, NOW, id, "{}", &w, err);
    char name[32], doc[32];
    int len;

    if (st == MW_OK && part)
        st = mw_snapshot_name_part(w, account, "digest", err);
    if (st == MW_OK)
        st = mw_snapshot_open(w, "aws", account, "*", TYPE, err);
    for (; st == MW_OK && sscanf(items, " %31[a-z]=%31[0-9]%n", name, doc, &len) == 2; items += len)
        st = mw_snapshot_put(w, "us-east-1", name, doc, strlen(doc), err);
    if (st == MW_OK)
        st = mw_snapshot_close(w, complete, err);
    if (st == MW_OK)
        st = mw_snapshot_note(
            w,
            &(mw_snapshot_scope){
                .partition = "aws", .account = account, .region = "*", .type = TYPE, .state = "complete"},
            err);
    if (st == MW_OK)
        return mw_snapshot_seal(w, NULL, err);
    if (w)
        mw_snapshot_abandon(w);
    return st;
}

static bool add_text(void *user, const mw_snapshot_resource *r)
{
    mw_buf_printf(user, "%s%s/%s=%s ", r->stale ? "~" : "", r->account + 11, r->id, r->doc);
    return true;
}

static void assert_holds(mw_store *s, const char *id, const char *expected)
{
    MW_AUTO(mw_buf) text = {0};
    mw_error err = {0};

    assert_ok(mw_snapshot_resources(s, id, NULL, true, add_text, &text, &err));
    assert_string_equal(text.data ? text.data : "", expected);
    assert_ok(mw_snapshots_check(s, &err));
}

static bool add_id(void *user, const mw_snapshot_info *info)
{
    mw_buf_printf(user, "%s ", info->id);
    return true;
}

static void assert_visible(mw_store *s, const char *expected)
{
    MW_AUTO(mw_buf) text = {0};
    mw_error err = {0};

    assert_ok(mw_snapshots_list(s, add_id, &text, &err));
    assert_string_equal(text.data ? text.data : "", expected);
}

static bool add_part(void *user, const char *account, const char *digest)
{
    (void)digest;
    mw_buf_printf(user, "%s ", account + 11);
    return true;
}

static bool add_scope(void *user, const mw_snapshot_scope *scope)
{
    mw_buf_printf(user, "%s:%s ", scope->account + 11, scope->state);
    return true;
}

/** One account of several, its ledger and its resources; none of it where it has none. */
static void of_an_account(void **state)
{
    static const struct {
        const char *account, *ledger, *resources;
    } rows[] = {
        {NULL, "1:complete 2:complete ", "1/a=1 2/b=1 2/c=1 "},
        {"000000000001", "1:complete ", "1/a=1 "},
        {"000000000002", "2:complete ", "2/b=1 2/c=1 "},
        {"000000000003", "", ""}, /* of an older snapshot alone */
        {"000000000009", "", ""},
        {TYPE, "", ""},
    };
    mw_store *s = open_store("account.db");
    mw_error err = {0};

    (void)state;
    assert_ok(put(s, "O", "000000000003", "a=1", false, true, &err));
    assert_ok(put(s, "P", "000000000002", "b=1 c=1", true, true, &err));
    assert_ok(put(s, "P", "000000000001", "a=1", true, true, &err));
    assert_ok(mw_snapshot_publish(s, "P", "d", NULL, &err));
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) ledger = {0}, resources = {0};
        const mw_snapshot_filter f = {.account = rows[i].account};

        assert_ok(mw_snapshot_scopes_of(s, "P", rows[i].account, add_scope, &ledger, &err));
        assert_string_equal(ledger.data ? ledger.data : "", rows[i].ledger);
        assert_ok(mw_snapshot_resources(s, "P", &f, true, add_text, &resources, &err));
        assert_string_equal(resources.data ? resources.data : "", rows[i].resources);
    }
    mw_store_close(s);
}

static void in_parts(void **state)
{
    mw_store *s = open_store("parts.db");
    MW_AUTO(mw_buf) text = {0};
    mw_snapshot_counts counts;
    mw_error err = {0};

    (void)state;
    assert_ok(put(s, "P", "000000000002", "b=1 c=1", true, true, &err));
    assert_visible(s, "");
    assert_int_equal(mw_snapshot_find(s, "latest", add_id, &text, &err), MW_ERR_NOTFOUND);
    mw_store_close(s); /* another process goes on */
    s = open_store("parts.db");
    assert_ok(mw_snapshot_find_open(s, add_id, &text, &err));
    assert_string_equal(text.data, "P ");
    assert_int_equal(put(s, "P", "000000000002", "b=1", true, true, &err), MW_ERR_CONFLICT); /* once */
    assert_ok(put(s, "P", "000000000001", "a=1", true, true, &err));
    mw_buf_reset(&text);
    assert_ok(mw_snapshot_parts(s, "P", add_part, &text, &err));
    assert_string_equal(text.data, "1 2 ");
    assert_ok(mw_snapshot_publish(s, "P", "d", &counts, &err));
    assert_int_equal(counts.resources, 3);
    assert_int_equal(counts.added, 3);
    assert_visible(s, "P ");
    assert_holds(s, "P", "1/a=1 2/b=1 2/c=1 ");
    assert_int_equal(mw_snapshot_publish(s, "P", "d", NULL, &err), MW_ERR_NOTFOUND);
    assert_int_equal(put(s, "P", "000000000003", "a=1", true, true, &err), MW_ERR_CONFLICT); /* it is over */
    mw_store_close(s);
}

/* What an open snapshot did is taken back to the last row when another one begins: as if it had never been. */
static void taken_back(void **state)
{
    static const char *const open_parts[][2] = {
        {"a=1 b=2 d=1", "z=9"}, {"", ""}, {"a=1 b=1 c=1", "y=1"}, {"c=7", ""}, {"a=2 b=2 c=2 d=2 e=2", "q=1 y=2"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(open_parts) * 2; i++) {
        bool complete = i % 2 == 0;
        mw_store *s;
        mw_error err = {0};
        scratch_empty(NULL);
        s = open_store("back.db");
        assert_ok(put(s, "A", "000000000001", "a=1 b=1 c=1", false, true, &err));
        assert_ok(put(s, "O", "000000000001", open_parts[i / 2][0], true, complete, &err));
        assert_ok(put(s, "O", "000000000002", open_parts[i / 2][1], true, complete, &err));
        assert_holds(s, "A", "1/a=1 1/b=1 1/c=1 ");
        assert_ok(put(s, "B", "000000000001", "b=1", false, false, &err)); /* incomplete: the rest is stale */
        assert_visible(s, "B A ");
        assert_holds(s, "A", "1/a=1 1/b=1 1/c=1 ");
        assert_holds(s, "B", "~1/a=1 1/b=1 ~1/c=1 ");
        assert_int_equal(mw_snapshot_find_open(s, add_id, NULL, &err), MW_ERR_NOTFOUND);
        mw_store_close(s);
    }
}

static bool add_version(void *user, const mw_snapshot_version *v)
{
    mw_buf_printf(user, "%s:%s-%s ", v->resource.doc, v->first, v->ended ? v->ended : "");
    return true;
}

static void log_of_open(void **state)
{
    const mw_snapshot_filter f = {.type = TYPE, .id = "a"};
    mw_store *s = open_store("log.db");
    MW_AUTO(mw_buf) text = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(put(s, "A", "000000000001", "a=1", false, true, &err));
    assert_ok(put(s, "O", "000000000001", "a=2", true, true, &err));
    assert_ok(mw_snapshot_log(s, &f, add_version, &text, &err));
    assert_string_equal(text.data, "1:A- ");
    assert_ok(mw_snapshot_publish(s, "O", "d", NULL, &err));
    mw_buf_reset(&text);
    assert_ok(mw_snapshot_log(s, &f, add_version, &text, &err));
    assert_string_equal(text.data, "1:A-O 2:O- ");
    mw_store_close(s);
}

/* ---- runs ---- */

static bool all_complete(void *user, const char *account, const char *region, const char *type)
{
    (void)user;
    (void)account;
    (void)region;
    (void)type;
    return true;
}

static mw_status put_findings(mw_store *s, const char *run, const char *account, const char *const *rules, size_t count,
                              const char *status, mw_error *err)
{
    static const char *const ran[] = {"r-a", "r-b", "r-c"};
    const mw_run r = {.id = run, .started_at = NOW, .rules = ran, .rule_count = MW_COUNT(ran)};
    mw_store_finding f[4] = {{0}};
    char fingerprints[4][64];

    for (size_t i = 0; i < count; i++) {
        snprintf(fingerprints[i], sizeof(fingerprints[i]), "%s-%s", rules[i], account);
        f[i] = (mw_store_finding){.fingerprint = fingerprints[i],
                                  .rule = rules[i],
                                  .status = status,
                                  .severity = "high",
                                  .type = TYPE,
                                  .id = "x",
                                  .account = account,
                                  .region = "us-east-1",
                                  .partition = "aws",
                                  .evidence = "[]"};
    }
    return mw_store_put_part(
        s, &r, &(mw_store_part){.account = account, .at = NOW, .findings = f, .count = count, .complete = all_complete},
        err);
}

static bool add_finding(void *user, const mw_store_finding *f)
{
    mw_buf_printf(user, "%s/%s:%s ", f->rule, f->account, f->change);
    return true;
}

static bool add_count(void *user, const mw_store_count *c)
{
    mw_buf_printf(user, "%s %s %s %s %zu;", c->rule, c->status, c->severity, c->change, c->count);
    return true;
}

static bool add_fixed(void *user, const mw_run *r)
{
    *(size_t *)user = r->fixed;
    return true;
}

static void findings_in_parts(void **state)
{
    static const char *const ab[] = {"r-a", "r-b"}, *const bc[] = {"r-b", "r-c"}, *const a[] = {"r-a"};
    mw_store *s = open_store("runs.db");
    MW_AUTO(mw_buf) text = {0};
    mw_run end = {.id = "R1", .finished_at = NOW, .findings_digest = "d", .snapshot = "s", .coverage = "[]"};
    size_t fixed = 9;
    mw_error err = {0};

    (void)state;
    assert_ok(put_findings(s, "R1", "2", bc, 2, "fail", &err));
    assert_int_equal(mw_store_get_run(s, NULL, add_fixed, &fixed, &err), MW_ERR_NOTFOUND); /* none is finished */
    assert_ok(put_findings(s, "R1", "3", NULL, 0, "fail", &err));
    assert_ok(put_findings(s, "R1", "1", ab, 2, "fail", &err));
    assert_ok(mw_store_finish_run(s, &end, &err));
    assert_ok(mw_store_run_findings(s, "R1", MW_STORE_ALL, add_finding, &text, &err));
    assert_string_equal(text.data, "r-a/1:new r-b/1:new r-b/2:new r-c/2:new ");
    mw_buf_reset(&text);
    assert_ok(mw_store_run_counts(s, "R1", add_count, &text, &err));
    assert_string_equal(text.data, "r-a fail high new 1;r-b fail high new 2;r-c fail high new 1;");
    /* Account 2 is not in the next run: nothing of it is closed. Account 1 lost a finding. */
    assert_ok(put_findings(s, "R2", "1", a, 1, "fail", &err));
    end.id = "R2";
    assert_ok(mw_store_finish_run(s, &end, &err));
    assert_ok(mw_store_get_run(s, "R2", add_fixed, &fixed, &err));
    assert_int_equal(fixed, 1);
    assert_ok(put_findings(s, "R3", "2", bc, 2, "fail", &err));
    mw_buf_reset(&text);
    assert_ok(mw_store_run_findings(s, "R3", MW_STORE_ALL, add_finding, &text, &err));
    assert_string_equal(text.data, "r-b/2:open r-c/2:open ");
    end.id = "none";
    assert_int_equal(mw_store_finish_run(s, &end, &err), MW_ERR_NOTFOUND);
    mw_store_close(s);
}

/* A snapshot's part and its findings in one transaction: both or none. */
static void together(void **state)
{
    static const char *const a[] = {"r-a"};
    mw_store *s = open_store("both.db");
    MW_AUTO(mw_buf) text = {0};
    mw_error err = {0};

    (void)state;
    for (int good = 0; good < 2; good++) {
        assert_ok(mw_store_begin(s, &err));
        assert_ok(put(s, "P", "000000000001", "a=1", true, true, &err));
        assert_ok(put_findings(s, "P", "000000000001", a, 1, "fail", &err));
        assert_int_equal(mw_store_end(s, good ? MW_OK : MW_ERR_CANCELLED, &err), good ? MW_OK : MW_ERR_CANCELLED);
        mw_buf_reset(&text);
        assert_ok(mw_snapshot_parts(s, "P", add_part, &text, &err));
        assert_ok(mw_store_run_findings(s, "P", MW_STORE_ALL, add_finding, &text, &err));
        assert_string_equal(text.data ? text.data : "", good ? "1 r-a/000000000001:new " : "");
    }
    mw_store_close(s);
}

static bool add_run(void *user, const mw_run *r)
{
    mw_buf_printf(user, "%s ", r->id);
    return true;
}

/* A run goes with its snapshot; what another one refers to stays, and so do the lives. */
static void runs_go_with_their_snapshots(void **state)
{
    static const char *const ab[] = {"r-a", "r-b"}, *const b[] = {"r-b"};
    static const struct {
        const char *id, *status;
        const char *const *rules;
        size_t count;
    } runs[] = {{"P", "fail", ab, 2}, {"Q", "fail", b, 1}, {"S", "fail", b, 1}};
    mw_store *s = open_store("gone.db");
    MW_AUTO(mw_buf) text = {0};
    mw_snapshot_pruned pruned;
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(runs); i++) {
        const mw_run end = {.id = runs[i].id, .finished_at = NOW, .snapshot = "d"};
        assert_ok(mw_store_begin(s, &err));
        assert_ok(put(s, runs[i].id, "000000000001", "a=1", true, true, &err));
        assert_ok(put_findings(s, runs[i].id, "000000000001", runs[i].rules, runs[i].count, runs[i].status, &err));
        assert_ok(mw_snapshot_publish(s, runs[i].id, "d", NULL, &err));
        assert_ok(mw_store_finish_run(s, &end, &err));
        assert_ok(mw_store_end(s, MW_OK, &err));
    }
    assert_ok(mw_snapshots_prune(s, (const char *const[]){"P", "Q"}, 2, &pruned, &err));
    assert_int_equal(pruned.runs, 2);
    assert_ok(mw_store_runs(s, add_run, &text, &err));
    assert_string_equal(text.data, "S ");
    mw_buf_reset(&text);
    assert_int_equal(mw_store_run_findings(s, "P", MW_STORE_ALL, add_finding, &text, &err), MW_OK);
    assert_int_equal(text.len, 0);
    assert_ok(mw_store_run_findings(s, "S", MW_STORE_ALL, add_finding, &text, &err));
    assert_string_equal(text.data, "r-b/000000000001:open "); /* its verdict is older than the run */
    assert_ok(mw_snapshots_check(s, &err));
    mw_buf_reset(&text);
    assert_ok(put_findings(s, "T", "000000000001", ab, 2, "fail", &err));
    assert_ok(mw_store_run_findings(s, "T", MW_STORE_ALL, add_finding, &text, &err));
    assert_string_equal(text.data, "r-a/000000000001:regressed r-b/000000000001:open ");
    /* Nor does the newest run go, whatever becomes of its snapshot: its number is not given again. */
    assert_ok(put(s, "U", "000000000001", "a=1", false, true, &err));
    assert_ok(mw_snapshots_prune(s, (const char *const[]){"S"}, 1, &pruned, &err));
    mw_buf_reset(&text);
    assert_ok(mw_store_runs(s, add_run, &text, &err));
    assert_string_equal(text.data, "T ");
    mw_store_close(s);
}

static void claims(void **state)
{
    char holder[MW_STORE_HOLDER_SIZE];
    mw_store *a = open_store("claim.db"), *b = open_store("claim.db");
    mw_error err = {0};

    (void)state;
    assert_ok(mw_store_claim(a, "one", NULL, 0, false, holder, &err));
    assert_int_equal(mw_store_claim(b, "two", NULL, 0, false, holder, &err), MW_ERR_CONFLICT);
    assert_string_equal(holder, "one");
    assert_int_equal(mw_store_claim(b, "one", NULL, 0, true, holder, &err), MW_ERR_CONFLICT); /* it does not share */
    mw_store_close(a);
    assert_ok(mw_store_claim(b, "two", NULL, 0, true, holder, &err));
    a = open_store("claim.db");
    assert_ok(mw_store_claim(a, "two", NULL, 0, true, holder, &err));
    mw_store_close(b);
    b = open_store("claim.db");
    assert_int_equal(mw_store_claim(b, "three", NULL, 0, true, holder, &err), MW_ERR_CONFLICT);
    assert_int_equal(mw_store_claim(b, "two", NULL, 0, false, holder, &err), MW_ERR_CONFLICT);
    assert_string_equal(holder, "two");
    mw_store_close(a);
    mw_store_close(b);
}

/* In a file a claim is on all of it; in a database, runs of different accounts write side by side. */
static void claims_of_accounts(void **state)
{
    static const char *const one[] = {"000000000001", "000000000002"}, *const other[] = {"000000000003"},
                             *const both[] = {"000000000002", "000000000003"};
    char holder[MW_STORE_HOLDER_SIZE];
    MW_AUTO(mw_buf) text = {0};
    mw_store *a = open_store("accounts.db"), *b = open_store("accounts.db"), *c = open_store("accounts.db");
    mw_error err = {0};

    (void)state;
    assert_ok(mw_store_claim(a, "A", one, 2, false, holder, &err));
    if (!scratch_database()) {
        assert_int_equal(mw_store_claim(b, "B", other, 1, false, holder, &err), MW_ERR_CONFLICT);
        goto out;
    }
    assert_ok(mw_store_claim(b, "B", other, 1, false, holder, &err));
    assert_int_equal(mw_store_claim(c, "C", both, 2, false, holder, &err), MW_ERR_CONFLICT);
    assert_int_equal(mw_store_claim(c, "C", NULL, 0, false, holder, &err), MW_ERR_CONFLICT);
    assert_ok(put(a, "A", "000000000001", "a=1", true, true, &err));
    assert_ok(put(b, "B", "000000000003", "b=1", true, true, &err)); /* A is written: it is not taken back */
    assert_ok(put(a, "A", "000000000002", "c=1", true, true, &err));
    assert_int_equal(mw_snapshot_find_open(c, add_id, &text, &err), MW_ERR_NOTFOUND); /* nobody's to go on with */
    assert_ok(mw_snapshot_publish(b, "B", "d", NULL, &err));
    assert_ok(mw_snapshot_publish(a, "A", "d", NULL, &err));
    assert_holds(c, "A", "1/a=1 2/c=1 ");
    assert_holds(c, "B", "3/b=1 ");
    assert_ok(mw_store_claim(a, "D", one, 1, false, holder, &err)); /* in place of its own */
    mw_store_close(b);
    b = open_store("accounts.db");
    assert_ok(mw_store_claim(c, "C", both, 2, false, holder, &err));
out:
    mw_store_close(a);
    mw_store_close(b);
    mw_store_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(of_an_account, scratch_empty),
        cmocka_unit_test_teardown(in_parts, scratch_empty),
        cmocka_unit_test_teardown(taken_back, scratch_empty),
        cmocka_unit_test_teardown(log_of_open, scratch_empty),
        cmocka_unit_test_teardown(findings_in_parts, scratch_empty),
        cmocka_unit_test_teardown(together, scratch_empty),
        cmocka_unit_test_teardown(runs_go_with_their_snapshots, scratch_empty),
        cmocka_unit_test_teardown(claims, scratch_empty),
        cmocka_unit_test_teardown(claims_of_accounts, scratch_empty),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
