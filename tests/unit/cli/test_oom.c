/*
 * Allocation 1, 2, 3… refused in turn until the scenario succeeds: every failure is told as one, nothing
 * leaks (ASan), nothing crashes, and a half-made report never passes for a whole one.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/sys.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/coverage.h"
#include "report/report.h"
#include "unit/store/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static size_t allowed;
static bool once; /* refuse one allocation, or that one and all behind it */
static mw_sys_calls machine;

static void *sparing(void *ctx, void *old, size_t size)
{
    if (size > 0 && allowed == 0) {
        allowed = once ? SIZE_MAX : 0;
        return NULL;
    }
    allowed -= size > 0;
    return machine.realloc_fn(ctx, old, size);
}

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

static mw_status parse(mw_error *err)
{
    char *argv[] = {(char[]){"sweep"},    (char[]){"--region=eu-*"}, (char[]){"--region"}, (char[]){"x"},
                    (char[]){"--output"}, (char[]){"json"},          (char[]){"s3-*"}};
    const mw_command *c;
    mw_args *a = NULL;
    mw_status st = mw_args_parse((int)MW_COUNT(argv), argv, no_environment, &a, &c, err);

    mw_args_free(a);
    return st;
}

static mw_status configure(mw_error *err)
{
    MW_AUTO(mw_config) c = {0};

    return mw_config_load(scratch("m.yaml"), &c, err);
}

static const char whole_text[] =
    "HIGH\n"
    "  a (1 failing)\n"
    "    n (i)     r       m m m\n\n"
    "UNKNOWN: could not be read, so not judged (1 finding)\n"
    "  denied\n"
    "      b\n\n"
    "Coverage: 0.0 %, 0 of 1 scopes complete; incomplete: 1 denied:\n"
    "  T: denied in r: s3:X AccessDenied [denied]\n"
    "Results:  1 fail, 0 pass, 0 not applicable, 1 unknown, 0 error\n"
    "Unknown:  1 rule\n"
    "Failing:  1 high\n"
    "Run:      x, t\n\n"
    "Next:\n"
    "  moonward rules show a   what it wants and why\n"
    "  moonward findings show    the evidence of n\n"
    "  Permission is missing for s3:X: grant it to the role that Moonward uses, then sweep again\n";

static mw_status render(mw_error *err)
{
    static const mw_finding findings[] = {
        {.rule = "a",
         .status = MW_VERDICT_FAIL,
         .severity = "high",
         .type = "T",
         .id = "i",
         .name = "n",
         .account = "1",
         .region = "r",
         .partition = "aws",
         .message = "m m m",
         .evidence = "[]"},
        {.rule = "b",
         .status = MW_VERDICT_UNKNOWN,
         .severity = "low",
         .type = "T",
         .id = "i",
         .account = "1",
         .region = "r",
         .partition = "aws",
         .message = "denied",
         .evidence = "[]"},
    };
    static const char coverage_text[] =
        "[{\"state\":\"denied\",\"type\":\"T\",\"region\":\"r\",\"cause\":{\"operation\":"
        "\"s3:X\",\"code\":\"AccessDenied\"}}]";
    const mw_text_options o = {.stored = true};
    MW_AUTO(mw_buf) text = {0};
    MW_AUTO(mw_buf) json = {0};
    mw_doc_builder *b = NULL;
    mw_doc *coverage = NULL;
    mw_report r = {.run_id = "x", .started_at = "t", .findings = findings, .count = MW_COUNT(findings)};
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st == MW_OK && (st = mw_json_read(b, coverage_text, strlen(coverage_text), NULL, NULL, err)) == MW_OK)
        st = mw_doc_finish(b, mw_doc_pop(b), &coverage, err);
    r.coverage_doc = coverage;
    r.coverage = coverage ? mw_doc_root(coverage) : MW_VAL_ABSENT;
    if (st == MW_OK && (st = mw_report_text(&r, &o, &text, err)) == MW_OK &&
        (st = mw_report_json(&r, &json, err)) == MW_OK) {
        assert_string_equal(text.data, whole_text);
        assert_int_equal(json.data[json.len - 2], '}');
    }
    mw_doc_free(coverage);
    mw_doc_builder_free(b);
    return st;
}

static void each_allocation(mw_status (*scenario)(mw_error *err))
{
    mw_status st = MW_ERR_NOMEM;
    size_t n = 0;

    machine = mw_sys;
    for (; st != MW_OK; n++) {
        mw_error err = {0};
        allowed = n;
        mw_sys.realloc_fn = sparing;
        st = scenario(&err);
        mw_sys.realloc_fn = machine.realloc_fn;
        if (st != MW_OK && st != MW_ERR_NOMEM)
            fail_msg("allocation %zu refused: %s: %s", n, mw_status_name(st), err.message);
        if (st != MW_OK)
            assert_true(err.message[0] != '\0');
        assert_true(n < 2000);
    }
    assert_true(n > 1);
}

static void out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(mw_file_write_atomic(scratch("m.yaml"), "regions: [a, b]\nparams: {r: {p: 1}}\n", 36, 0600, NULL),
                     MW_OK);
    for (int i = 0; i < 2; i++) {
        once = i == 1;
        each_allocation(parse);
        each_allocation(configure);
        each_allocation(render);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(out_of_memory, scratch_empty)};

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
