/* The life of a finding over a series of runs: each row is one run and what it says about it. */
#include "base/mem.h"
#include "store/store.h"
#include "unit/store/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* One run of the rule "r" over one resource. */
struct step {
    const char *status; /* NULL: the resource is not there */
    bool complete;      /* was its scope complete? */
    bool ran;           /* did the rule run? */
    const char *subkey; /* fingerprint suffix; NULL = "k" */
    const char *change; /* of the finding given */
    size_t fixed;
};

static bool is_complete(void *user, const char *account, const char *region, const char *type)
{
    const struct step *step = user;

    assert_string_equal(account, "111122223333");
    assert_string_equal(region, "eu-west-1");
    assert_string_equal(type, "AWS::S3::Bucket");
    return step->complete;
}

static mw_store_finding finding(const char *fingerprint, const char *status)
{
    return (mw_store_finding){.fingerprint = fingerprint,
                              .rule = "r",
                              .status = status,
                              .severity = "high",
                              .type = "AWS::S3::Bucket",
                              .id = "logs",
                              .account = "111122223333",
                              .region = "eu-west-1",
                              .partition = "aws",
                              .subkey = fingerprint,
                              .message = "m",
                              .evidence = "[]"};
}

struct told {
    char change[12];
    size_t fixed;
};

static bool tell_change(void *user, const mw_store_finding *f)
{
    memcpy(((struct told *)user)->change, f->change, sizeof(f->change));
    return true;
}

static bool tell_fixed(void *user, const mw_run *run)
{
    ((struct told *)user)->fixed = run->fixed;
    return true;
}

static void play(const char *file, const struct step *steps, size_t count)
{
    static const char *const rules[] = {"r"};
    mw_store *s;
    mw_error err = {0};

    assert_int_equal(mw_store_open(scratch(file), NULL, &s, &err), MW_OK);
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        char id[16], at[40];
        const mw_run run = {.id = id, .started_at = at, .rules = rules, .rule_count = step->ran ? 1 : 0};
        const char *name = step->subkey ? step->subkey : "k";
        mw_store_finding f = finding(name, step->status ? step->status : "");
        const mw_store_part part = {.account = f.account,
                                    .at = at,
                                    .findings = &f,
                                    .count = step->status ? 1 : 0,
                                    .complete = is_complete,
                                    .user = (void *)(uintptr_t)step};
        struct told told = {.change = ""};

        snprintf(id, sizeof(id), "run-%zu", i);
        snprintf(at, sizeof(at), "2026-01-%02zuT00:00:00Z", i + 1);
        if (strcmp(name, "*") == 0) /* what a rule that judged nothing leaves */
            f.account = f.region = f.id = "*";
        if (mw_store_put_part(s, &run, &part, &err) != MW_OK ||
            mw_store_run_findings(s, id, MW_STORE_ALL, tell_change, &told, &err) != MW_OK ||
            mw_store_get_run(s, id, tell_fixed, &told, &err) != MW_OK)
            fail_msg("%s step %zu: %s", file, i, err.message);
        if (strcmp(told.change, step->change) != 0 || told.fixed != step->fixed)
            fail_msg("%s step %zu: change '%s' (want '%s'), fixed %zu (want %zu)", file, i, told.change, step->change,
                     told.fixed, step->fixed);
    }
    mw_store_close(s);
}

static void lives(void **state)
{
    static const struct step whole[] = {
        {"pass", true, true, NULL, "", 0},
        {"fail", true, true, NULL, "new", 0},
        {"fail", true, true, NULL, "open", 0},
        {"pass", true, true, NULL, "fixed", 1},
        {"pass", true, true, NULL, "", 0},
        {"fail", true, true, NULL, "regressed", 0},
        {"not_applicable", true, true, NULL, "fixed", 1},
    };
    static const struct step unknown_closes_nothing[] = {
        {"fail", true, true, NULL, "new", 0},  {"unknown", true, true, NULL, "", 0},
        {"error", true, true, NULL, "", 0},    {"fail", true, true, NULL, "open", 0},
        {"unknown", false, true, NULL, "", 0}, {"pass", true, true, NULL, "fixed", 1},
        {"unknown", true, true, NULL, "", 0},  {"fail", true, true, NULL, "regressed", 0},
    };
    static const struct step gone[] = {
        {"fail", true, true, NULL, "new", 0},  {NULL, false, true, NULL, "", 0},
        {"fail", true, true, NULL, "open", 0}, {NULL, true, false, NULL, "", 0},
        {"fail", true, true, NULL, "open", 0}, {NULL, true, true, NULL, "", 1},
        {NULL, true, true, NULL, "", 0},       {"fail", true, true, NULL, "regressed", 0},
    };
    /* The finding "b" alone says nothing about "a", unless the resource was judged. */
    static const struct step subkeys[] = {
        {"fail", true, true, "a", "new", 0},       {"unknown", true, true, "b", "", 0},
        {"fail", true, true, "a", "open", 0},      {"error", true, true, "b", "", 0},
        {"fail", true, true, "a", "open", 0},      {"fail", true, true, "b", "new", 1},
        {"fail", true, true, "a", "regressed", 1},
    };
    /* Nor does a rule that judged nothing at all. */
    static const struct step quarantined[] = {
        {"fail", true, true, NULL, "new", 0},
        {"error", true, true, "*", "", 0},
        {"fail", true, true, NULL, "open", 0},
    };

    (void)state;
    play("quarantined.db", quarantined, MW_COUNT(quarantined));
    play("whole.db", whole, MW_COUNT(whole));
    play("unknown.db", unknown_closes_nothing, MW_COUNT(unknown_closes_nothing));
    play("gone.db", gone, MW_COUNT(gone));
    play("subkeys.db", subkeys, MW_COUNT(subkeys));
}

/* ---- reading back ---- */

struct seen {
    size_t count;
    char last[256];
};

static bool see_run(void *user, const mw_run *run)
{
    struct seen *seen = user;

    snprintf(seen->last, sizeof(seen->last), "%s %s %s %s %zu", run->id, run->started_at, run->engine, run->coverage,
             run->fixed);
    seen->count++;
    return true;
}

static bool see_finding(void *user, const mw_store_finding *f)
{
    struct seen *seen = user;

    snprintf(seen->last, sizeof(seen->last), "%s|%s|%s|%s|%s|%s|%s|%s", f->fingerprint, f->status,
             f->arn ? f->arn : "null", f->name ? f->name : "null", f->message, f->change, f->first_seen, f->last_seen);
    seen->count++;
    return seen->count < 2;
}

static void reads_back(void **state)
{
    mw_store *s;
    mw_error err = {0};
    struct seen seen = {0};
    mw_run run = {.id = "A",
                  .started_at = "2026-01-01T00:00:00Z",
                  .finished_at = "2026-01-01T00:00:09Z",
                  .engine = "0.1",
                  .coverage = "[1]"};
    mw_store_part part = {.account = "111122223333", .at = run.finished_at, .count = 3};
    mw_store_finding all[3] = {finding("x", "fail"), finding("y", "pass"), finding("z", "fail")};

    (void)state;
    all[0].message = "it's \"quoted\"; DROP TABLE run --";
    all[0].arn = "arn:aws:s3:::logs";
    assert_int_equal(mw_store_open(scratch("read.db"), NULL, &s, &err), MW_OK);
    assert_int_equal(mw_store_get_run(s, NULL, see_run, &seen, &err), MW_ERR_NOTFOUND);
    part.findings = all;
    assert_int_equal(mw_store_put_part(s, &run, &part, &err), MW_OK);
    assert_int_equal(mw_store_finish_run(s, &run, &err), MW_OK);

    assert_int_equal(mw_store_put_part(s, &run, &part, &err), MW_ERR_CONFLICT);
    assert_non_null(strstr(err.message, "holds account 111122223333 of run A already"));

    run.id = "B"; /* unfinished: not the newest finished one */
    part.count = 1;
    assert_int_equal(mw_store_put_part(s, &run, &part, &err), MW_OK);
    assert_int_equal(mw_store_get_run(s, NULL, see_run, &seen, &err), MW_OK);
    assert_string_equal(seen.last, "A 2026-01-01T00:00:00Z 0.1 [1] 0");
    seen.count = 0;
    assert_int_equal(mw_store_runs(s, see_run, &seen, &err), MW_OK);
    assert_int_equal(seen.count, 2); /* newest first, so the last one seen is A */
    assert_int_equal(mw_store_get_run(s, "C", see_run, &seen, &err), MW_ERR_NOTFOUND);
    assert_non_null(strstr(err.message, "no run C"));

    seen.count = 1; /* stop after one more */
    assert_int_equal(mw_store_run_findings(s, "A", MW_STORE_ALL, see_finding, &seen, &err), MW_OK);
    assert_string_equal(seen.last, "x|fail|arn:aws:s3:::logs|null|it's \"quoted\"; DROP TABLE run --|new|"
                                   "2026-01-01T00:00:09Z|2026-01-01T00:00:09Z");
    seen.count = 0;
    assert_int_equal(mw_store_run_findings(s, "A", MW_STORE_ALL, see_finding, &seen, &err), MW_OK);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.last, "y|pass|null|null|m|||");
    mw_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(lives, scratch_empty),
        cmocka_unit_test_teardown(reads_back, scratch_empty),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
