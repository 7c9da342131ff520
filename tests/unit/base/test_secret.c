/* Secrets are masked wherever they stand, and gone when cleared. */
#include "base/secret.h"
#include "support/support.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static void known_secrets_are_masked(void **state)
{
    MW_AUTO(mw_buf) out = {0};
    mw_secret s = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_secret_set(&s, "wJalrXUtnFEMI/K7MDENG", 21, &err));
    assert_ok(mw_mask_secrets(&out, "key wJalrXUtnFEMI/K7MDENG!", 26));
    assert_string_equal(out.data, "key ****!");
    mw_secret_clear(&s);
    mw_buf_reset(&out);
    assert_ok(mw_mask_secrets(&out, "key wJalrXUtnFEMI/K7MDENG!", 26));
    assert_string_equal(out.data, "key wJalrXUtnFEMI/K7MDENG!");
}

static void what_looks_like_a_secret_is_masked(void **state)
{
    static const char *const rows[][2] = {
        {"Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=y\nnext", "Authorization: ****\nnext"},
        {"?X-Amz-Signature=abc&X-Amz-Date=d", "?X-Amz-Signature=****&X-Amz-Date=d"},
        {"\"SecretAccessKey\": \"abcd\", \"a\": 1", "\"SecretAccessKey\": \"****\", \"a\": 1"},
        {"<SessionToken>FwoG</SessionToken>", "<SessionToken>****</SessionToken>"},
        {"the SessionToken Fwo5 is old", "the SessionToken **** is old"},
        {"sts:GetSessionToken may fail, AccessToken is no longer valid",
         "sts:GetSessionToken may fail, AccessToken is no longer valid"},
        {"nothing here", "nothing here"},
    };
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) out = {0};
        assert_ok(mw_mask_secrets(&out, rows[i][0], strlen(rows[i][0])));
        assert_string_equal(out.data, rows[i][1]);
    }
}

static void replacing_clears_the_old_one(void **state)
{
    mw_secret s = {0};
    mw_error err = {0};

    (void)state;
    assert_ok(mw_secret_set(&s, "first-value", 11, &err));
    assert_ok(mw_secret_set(&s, "second-value", 12, &err));
    assert_string_equal(s.data, "second-value");
    mw_secret_clear(&s);
    assert_false(mw_secret_is_set(&s));
    mw_secret_clear(&s);
}

static void the_process_leaves_no_core(void **state)
{
    struct rlimit limit;

    (void)state;
    mw_process_harden();
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_secrets_are_masked),
        cmocka_unit_test(what_looks_like_a_secret_is_masked),
        cmocka_unit_test(replacing_clears_the_old_one),
        cmocka_unit_test(the_process_leaves_no_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
