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

static void play(const char *file, const struct step *steps, size_t count)
{
    static const char *const rules[] = {"r"};
    mw_store *s;
    mw_error err = {0};

    assert_int_equal(mw_store_open(scratch(file), NULL, &s, &err), MW_OK);
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        char id[16], at[40];
        const mw_run run = {
            .id = id, .started_at = at, .finished_at = at, .rules = rules, .rule_count = step->ran ? 1 : 0};
        mw_store_finding f = finding(step->subkey ? step->subkey : "k", step->status ? step->status : "");
        size_t fixed = 99;

        snprintf(id, sizeof(id), "run-%zu", i);
        snprintf(at, sizeof(at), "2026-01-%02zuT00:00:00Z", i + 1);
        if (mw_store_put_run(s, &run, &f, step->status ? 1 : 0, is_complete, (void *)(uintptr_t)step, &fixed, &err) !=
            MW_OK)
            fail_msg("%s step %zu: %s", file, i, err.message);
        if (strcmp(f.change, step->change) != 0 || fixed != step->fixed)
            fail_msg("%s step %zu: change '%s' (want '%s'), fixed %zu (want %zu)", file, i, f.change, step->change,
                     fixed, step->fixed);
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

    (void)state;
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
    mw_store_finding all[3] = {finding("x", "fail"), finding("y", "pass"), finding("z", "fail")};

    (void)state;
    all[0].message = "it's \"quoted\"; DROP TABLE run --";
    all[0].arn = "arn:aws:s3:::logs";
    assert_int_equal(mw_store_open(scratch("read.db"), NULL, &s, &err), MW_OK);
    assert_int_equal(mw_store_get_run(s, NULL, see_run, &seen, &err), MW_ERR_NOTFOUND);
    assert_int_equal(mw_store_put_run(s, &run, all, 3, NULL, NULL, NULL, &err), MW_OK);
    assert_string_equal(all[0].first_seen, "2026-01-01T00:00:09Z");
    assert_string_equal(all[1].first_seen, "");

    assert_int_equal(mw_store_put_run(s, &run, all, 3, NULL, NULL, NULL, &err), MW_ERR_CONFLICT);
    assert_non_null(strstr(err.message, "holds run A already"));

    run.id = "B";
    run.finished_at = NULL; /* unfinished: not the newest finished one */
    assert_int_equal(mw_store_put_run(s, &run, all, 1, NULL, NULL, NULL, &err), MW_OK);
    assert_int_equal(mw_store_get_run(s, NULL, see_run, &seen, &err), MW_OK);
    assert_string_equal(seen.last, "A 2026-01-01T00:00:00Z 0.1 [1] 0");
    seen.count = 0;
    assert_int_equal(mw_store_runs(s, see_run, &seen, &err), MW_OK);
    assert_int_equal(seen.count, 2); /* newest first, so the last one seen is A */
    assert_int_equal(mw_store_get_run(s, "C", see_run, &seen, &err), MW_ERR_NOTFOUND);
    assert_non_null(strstr(err.message, "no run C"));

    seen.count = 1; /* stop after one more */
    assert_int_equal(mw_store_run_findings(s, "A", see_finding, &seen, &err), MW_OK);
    assert_string_equal(seen.last, "x|fail|arn:aws:s3:::logs|null|it's \"quoted\"; DROP TABLE run --|new|"
                                   "2026-01-01T00:00:09Z|2026-01-01T00:00:09Z");
    seen.count = 0;
    assert_int_equal(mw_store_run_findings(s, "A", see_finding, &seen, &err), MW_OK);
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
