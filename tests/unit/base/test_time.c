/* Times in each form that AWS sends, and back. */
#include "base/mem.h"
#include "base/time.h"
#include "support/support.h"

static void forms_that_aws_sends(void **state)
{
    static const char *const rows[][2] = {
        {"2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"},
        {"2024-01-02T03:04:05.678Z", "2024-01-02T03:04:05.678Z"},
        {"2024-01-02T03:04:05.678901+00:00", "2024-01-02T03:04:05.678901Z"},
        {"2024-01-02T03:04:05+02:00", "2024-01-02T01:04:05Z"},
        {"2024-01-02T03:04:05.120+0000", "2024-01-02T03:04:05.120Z"},
        {"2024-01-02T03:04:05", "2024-01-02T03:04:05Z"},
        {"20240102T030405Z", "2024-01-02T03:04:05Z"},
        {"2024-02-29", "2024-02-29T00:00:00Z"},
        {"Tue, 02 Jan 2024 03:04:05 GMT", "2024-01-02T03:04:05Z"},
        {"Tuesday, 02-Jan-24 03:04:05 GMT", "2024-01-02T03:04:05Z"},
        {"Tue Jan  2 03:04:05 2024", "2024-01-02T03:04:05Z"},
        {"1704164645", "2024-01-02T03:04:05Z"},
        {"1704164645.25", "2024-01-02T03:04:05.250Z"},
        {"1.7041646E9", "2024-01-02T03:03:20Z"},
        {"-1", "1969-12-31T23:59:59Z"},
        {"0", "1970-01-01T00:00:00Z"},
        {"1900-03-01T00:00:00Z", "1900-03-01T00:00:00Z"},
        {" 2024-01-02T03:04:05Z\n", "2024-01-02T03:04:05Z"},
        /* beyond the range: its ends */
        {"-92236854775808", "1677-09-21T00:12:43.145224192Z"},
        {"92236854775808", "2262-04-11T23:47:16.854775807Z"},
        {"-1e30", "1677-09-21T00:12:43.145224192Z"},
        {"9999-12-31T23:59:59Z", "2262-04-11T23:47:16.854775807Z"},
        {"1677-09-21T00:12:43.145224192Z", "1677-09-21T00:12:43.145224192Z"},
        {"2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775807Z"},
    };
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        char text[MW_TIME_SIZE];
        int64_t ns;
        assert_ok(mw_time_parse(rows[i][0], strlen(rows[i][0]), &ns, &err));
        mw_time_iso(text, ns);
        assert_string_equal(text, rows[i][1]);
    }
}

/* The short way says the same as the long one, or leaves it to it. */
static void canonical_text(void **state)
{
    static const struct {
        const char *given, *text; /* NULL: not taken */
    } rows[] = {
        {"2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"},
        {"2024-01-02T03:04:05.000Z", "2024-01-02T03:04:05Z"},
        {"2024-01-02T03:04:05.670Z", "2024-01-02T03:04:05.670Z"},
        {"1700-12-28T23:59:59.999Z", "1700-12-28T23:59:59.999Z"},
        {"2199-12-28T23:59:59Z", "2199-12-28T23:59:59Z"},
        {"2024-02-29T00:00:00Z", NULL},
        {"2024-01-02T24:00:00Z", NULL},
        {"2024-01-02T03:04:60Z", NULL},
        {"2024-13-02T03:04:05Z", NULL},
        {"2024-00-02T03:04:05Z", NULL},
        {"2024-01-00T03:04:05Z", NULL},
        {"2300-01-02T03:04:05Z", NULL},
        {"1600-01-02T03:04:05Z", NULL},
        {"2024-01-02T03:04:05.12Z", NULL},
        {"2024-01-02T03:04:05.6780Z", NULL},
        {"2024-01-02T03:04:05+00Z", NULL},
        {"2024-01-02t03:04:05Z", NULL},
        {"2024-01-02T03:04:0:Z", NULL},
        {"2024-01-02T03:04:05", NULL},
        {"Z", NULL},
        {"", NULL},
    };
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        char text[MW_TIME_SIZE], parsed[MW_TIME_SIZE];
        size_t n = mw_time_iso_text(text, rows[i].given, strlen(rows[i].given));
        int64_t ns;
        if (!rows[i].text) {
            assert_int_equal(n, 0);
            continue;
        }
        assert_string_equal(text, rows[i].text);
        assert_int_equal(n, strlen(text));
        assert_ok(mw_time_parse(rows[i].given, strlen(rows[i].given), &ns, &err));
        mw_time_iso(parsed, ns);
        assert_string_equal(parsed, text);
    }
}

static void not_times(void **state)
{
    static const char *const rows[] = {"",    "yesterday", "2024-13-01T00:00:00Z", "2024-01-02T", "12:30",
                                       "nan", "inf",       "2024-01-02T03:04:05X", "-",           "1e999"};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_error err = {0};
        int64_t ns;
        assert_int_equal(mw_time_parse(rows[i], strlen(rows[i]), &ns, &err), MW_ERR_PARSE);
    }
}

/* In answers only, and by nobody's calendar but the SDK's. */
static void slashed_dates_of_answers(void **state)
{
    static const char *const rows[][2] = {
        {"11/27/2026, 03:04:05", "2026-11-27T03:04:05Z"},
        {"27/11/2026, 03:04:05", "2026-11-27T03:04:05Z"},
        {"1/2/2024 03:04:05.5 GMT", "2024-01-02T03:04:05.500Z"},
        {"05/06/2024", "2024-05-06T00:00:00Z"},
        {"2024-01-02", "2024-01-02T00:00:00Z"},
    };
    static const char *const wrong[] = {"",          "13/13/2024",     "1/2/24",
                                        "1/2/2024,", "1/2/2024 03:04", "11/27/2026, 03:04:05 x"};
    mw_error err = {0};
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        char text[MW_TIME_SIZE];
        assert_ok(mw_time_parse_answer(rows[i][0], strlen(rows[i][0]), &ns, &err));
        mw_time_iso(text, ns);
        assert_string_equal(text, rows[i][1]);
    }
    assert_int_equal(mw_time_parse("05/06/2024", 10, &ns, &err), MW_ERR_PARSE);
    for (size_t i = 0; i < MW_COUNT(wrong); i++)
        assert_int_equal(mw_time_parse_answer(wrong[i], strlen(wrong[i]), &ns, &err), MW_ERR_PARSE);
}

static void other_forms(void **state)
{
    char text[MW_TIME_SIZE];

    (void)state;
    mw_time_sigv4(text, 1440938160LL * 1000000000);
    assert_string_equal(text, "20150830T123600Z");
    mw_time_rfc822(text, 1440938160LL * 1000000000);
    assert_string_equal(text, "Sun, 30 Aug 2015 12:36:00 GMT");
    mw_time_rfc822(text, -1000000000LL);
    assert_string_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT");
}

static int fixed_random(void *ctx, void *out, size_t size)
{
    (void)ctx;
    memset(out, 0x41, size);
    return 0;
}

static int no_random(void *ctx, void *out, size_t size)
{
    (void)ctx, (void)out, (void)size;
    return -1;
}

static void ulids_sort_by_time(void **state)
{
    char a[MW_ULID_SIZE], b[MW_ULID_SIZE];
    mw_error err = {0};

    (void)state;
    mw_sys.random_fn = fixed_random;
    assert_ok(mw_ulid(a, 1469918176385LL * 1000000, &err));
    assert_memory_equal(a, "01ARYZ6S41", 10); /* from the ULID specification */
    assert_ok(mw_ulid(b, 1469918176386LL * 1000000, &err));
    assert_true(strcmp(a, b) < 0);
    assert_int_equal(strlen(a), 26);
    mw_sys.random_fn = no_random;
    assert_int_equal(mw_ulid(a, 0, &err), MW_ERR_IO);
    mw_sys_reset();
}

static void uuids_are_version_4(void **state)
{
    char a[MW_UUID_SIZE], b[MW_UUID_SIZE];

    (void)state;
    assert_int_equal(mw_uuid4(a, NULL), MW_OK);
    assert_int_equal(mw_uuid4(b, NULL), MW_OK);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 36);
    for (size_t i = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23)
            assert_int_equal(a[i], '-');
        else
            assert_non_null(strchr("0123456789abcdef", a[i]));
    }
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_that_aws_sends),     cmocka_unit_test(not_times),   cmocka_unit_test(canonical_text),
        cmocka_unit_test(slashed_dates_of_answers), cmocka_unit_test(other_forms), cmocka_unit_test(ulids_sort_by_time),
        cmocka_unit_test(uuids_are_version_4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
