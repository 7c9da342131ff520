/* Learnt ceilings from one run to the next: ageing, bounds, damaged files. */
#include "../../support/support.h"

#include "aws/rate.h"
#include "aws/rate_file.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1800000000
#define DAY 86400

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/moonward-rates-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/a.rates", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void written_and_read(void **state)
{
    mw_rate_entries e = {0}, back = {0};
    mw_error err = {0};
    struct stat st;

    (void)state;
    assert_true(mw_rate_entry_set(&e, &(mw_rate_entry){"123456789012", "eu-west-1", "ec2", 3.5, NOW}));
    assert_true(mw_rate_entry_set(&e, &(mw_rate_entry){"", "", "iam", 12, NOW - 6 * DAY}));
    assert_true(mw_rate_entry_set(&e, &(mw_rate_entry){"1", "r", "old", 1, NOW - 8 * DAY}));
    assert_true(mw_rate_entry_set(&e, &(mw_rate_entry){"1", "r", "future", 1, NOW + 2 * DAY}));
    assert_true(mw_rate_entry_set(&e, &(mw_rate_entry){"123456789012", "eu-west-1", "ec2", 4.5, NOW}));
    assert_int_equal(mw_rate_file_write(path, &e, &err), MW_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    mw_rate_file_read(path, NOW, &back);
    assert_int_equal(back.count, 2);
    assert_true(mw_rate_entry_find(&back, "123456789012", "eu-west-1", "ec2")->ceiling_rps == 4.5);
    /* a day doubles it: what is old is believed less */
    assert_true(mw_rate_entry_ceiling(mw_rate_entry_find(&back, "", "", "iam"), NOW) == 84);
    assert_null(mw_rate_entry_find(&back, "1", "r", "old"));
    mw_rate_entries_clear(&e);
    mw_rate_entries_clear(&back);
}

static void bounded(void **state)
{
    mw_rate_entries e = {0};
    char name[16];

    (void)state;
    for (int i = 0; i < MW_RATE_ENTRIES_MAX; i++) {
        snprintf(name, sizeof(name), "%d", i);
        assert_true(mw_rate_entry_set(&e, &(mw_rate_entry){"1", "r", name, 1, NOW}));
    }
    assert_false(mw_rate_entry_set(&e, &(mw_rate_entry){"1", "r", "x", 1, NOW}));
    assert_int_equal(e.count, MW_RATE_ENTRIES_MAX);
    mw_rate_entries_clear(&e);
}

static void damaged_files_are_ignored(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "{}",
        "moonward rates 2\n",
        "moonward rates 1\n1800000000 1000 1 r s",     /* cut off */
        "moonward rates 1\n1800000000 1000 1 r\n",     /* a field short */
        "moonward rates 1\n1800000000 1000 1 r s t\n", /* one too many */
        "moonward rates 1\n1800000000 -5 1 r s\n",
        "moonward rates 1\n1800000000 1e9 1 r s\n",
        "moonward rates 1\n0 1000 1 r s\n",
        "moonward rates 1\n1800000000 999999999999 1 r s\n",
        "moonward rates 1\n1800000000 1000 1 r -\n",
        "moonward rates 1\n1800000000 1000 1 r good\n\n",
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(texts); i++) {
        mw_rate_entries e = {0};
        mw_error err = {0};

        assert_int_equal(mw_file_write_atomic(path, texts[i], strlen(texts[i]), 0600, &err), MW_OK);
        mw_rate_file_read(path, NOW, &e);
        if (e.count != 0)
            fail_msg("text %zu was believed", i);
        mw_rate_entries_clear(&e);
    }
    unlink(path);
    mw_rate_file_read(path, NOW, &(mw_rate_entries){0}); /* none */
}

static void a_remembered_ceiling_only_lowers(void **state)
{
    mw_rate r;

    (void)state;
    mw_rate_init(&r, mw_rate_limit_of("ec2"), 1, 0); /* from 10, up to 16 a second */
    mw_rate_remember(&r, 100);
    assert_true(r.ceiling_rps > 15.9 && !r.learnt);
    mw_rate_remember(&r, 3);
    assert_true(r.ceiling_rps == 3 && r.rps == 3 && r.burst == 3 && r.tokens == 3 && r.learnt);
    mw_rate_init(&r, NULL, 1, 0);
    mw_rate_remember(&r, 3);
    assert_int_equal(mw_rate_take(&r, 0), 0);
    assert_true(r.rps == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(bounded),
        cmocka_unit_test(damaged_files_are_ignored),
        cmocka_unit_test(a_remembered_ceiling_only_lowers),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
