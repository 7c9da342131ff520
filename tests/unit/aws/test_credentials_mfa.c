/* Roles that ask for an MFA code, at a terminal of the test's own; skipped where there is none. */
#include "auth_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

#define SERIAL     "arn:aws:iam::111111111111:mfa/me"
/* What botocore's AssumeRoleCredentialFetcher calls the cache file of each profile. */
#define PLAIN_FILE "87aad353892130b9a088ede9e458339997a57614"
#define FULL_FILE  "f13a8c403a587e339440c688b52d579c9ead3b6b"

static const char config[] =
    "[profile base]\naws_access_key_id=BASE\naws_secret_access_key=base-secret\n"
    "[profile mfa]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=base\n"
    "mfa_serial=" SERIAL "\n"
    "[profile full]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=base\n"
    "mfa_serial=" SERIAL "\nexternal_id=e \"1\"\nduration_seconds=1800\nrole_session_name=me\n";

static const fake_answer granted[] = {{200, STS_OK("MFAKEY", "2026-01-01T01:00:00Z"),
                                       "SerialNumber=arn%3Aaws%3Aiam%3A%3A111111111111%3Amfa%2Fme&TokenCode=123456",
                                       NULL}};
static const fake_answer refused[] = {
    {403, STS_ERROR("AccessDenied", "invalid MFA one time pass code"), "TokenCode=", NULL}};

/* ---- what happens at the terminal; the exit status is the child's finding ---- */

static int expect(bench *t, int64_t now, const char *key, const char *text)
{
    const mw_credentials *c = NULL;
    mw_status st = get_now(t, now, &c);

    if (key)
        return st == MW_OK && strcmp(c->access_key_id, key) == 0 ? 0 : 1;
    if (st != MW_ERR_CREDENTIALS && st != MW_ERR_CANCELLED)
        return 2;
    if (!strstr(t->err.message, text)) {
        fprintf(stderr, "'%s' does not say '%s'\n", t->err.message, text);
        return 3;
    }
    return 0;
}

static int asked_once(void)
{
    const mw_credentials *c;
    bench t;
    int found = 0;

    if (open_bench(&t, config, NULL, "mfa", granted, 1) != MW_OK)
        return 9;
    found = expect(&t, T0, "MFAKEY", NULL);
    if (!found) /* no second question while they live, to the last minute */
        found = expect(&t, T0 + 3500, "MFAKEY", NULL);
    if (!found && get_now(&t, T0 + 3590, &c) != MW_ERR_CREDENTIALS)
        found = 4;
    if (!found && !strstr(t.err.message, "asked for once"))
        found = 5;
    close_bench(&t);
    return found;
}

static int was_refused(void)
{
    bench t;
    int found;

    if (open_bench(&t, config, NULL, "mfa", refused, 1) != MW_OK)
        return 9;
    found = expect(&t, T0, NULL, "invalid MFA one time pass code");
    if (!found)
        found = expect(&t, T0 + 60, NULL, "asked for once");
    close_bench(&t);
    return found;
}

static int is_no_code(void)
{
    bench t;
    int found;

    if (open_bench(&t, config, NULL, "mfa", NULL, 0) != MW_OK)
        return 9;
    found = expect(&t, T0, NULL, "six digits");
    close_bench(&t);
    return found;
}

static int has_no_terminal(void)
{
    bench t;
    int found;

    if (open_bench(&t, config, NULL, "mfa", NULL, 0) != MW_OK)
        return 9;
    found = expect(&t, T0, NULL, "there is no terminal");
    if (!found && !strstr(t.err.message, SERIAL))
        found = 6;
    close_bench(&t);
    return found;
}

static int was_closed(void)
{
    bench t;
    int found;

    if (open_bench(&t, config, NULL, "mfa", NULL, 0) != MW_OK)
        return 9;
    found = expect(&t, T0, NULL, "was not answered");
    close_bench(&t);
    return found;
}

/*
 * Run @p child in a session whose terminal is a new pseudo-terminal (none when @p answer is NULL),
 * answer its question, and give back what it found. All that the terminal showed is in @p shown.
 */
static int at_terminal(int (*child)(void), const char *answer, char shown[1024])
{
    int master = posix_openpt(O_RDWR | O_NOCTTY), status = 0;
    size_t n = 0;
    bool answered = !answer;
    ssize_t got;
    pid_t pid;

    shown[0] = '\0';
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    pid = fork();
    if (pid == 0) {
        const char *name = ptsname(master);

        setsid();
        if (answer && open(name, O_RDWR) < 0) /* becomes the terminal of the session */
            _exit(8);
        close(master);
        _exit(child());
    }
    while (answer && n < 1023 && (got = read(master, shown + n, 1023 - n)) > 0) {
        n += (size_t)got;
        shown[n] = '\0';
        if (!answered && strstr(shown, "Enter MFA code for " SERIAL ": ")) {
            assert_int_equal(write(master, answer, strlen(answer)), (ssize_t)strlen(answer));
            answered = true;
        }
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(master);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_terminal(void **state)
{
    static const struct {
        int (*child)(void);
        const char *answer;
    } rows[] = {
        {asked_once, "123456\n"}, {was_refused, "654321\n"}, {is_no_code, "12345\n"}, {is_no_code, "\n"},
        {is_no_code, "12345a\n"}, {is_no_code, "1234567\n"}, {was_closed, "\004"},    {has_no_terminal, NULL},
    };
    char shown[1024];
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    (void)state;
    if (master < 0)
        skip_because("MFA at a terminal: no pseudo-terminal: %s", strerror(errno));
    close(master);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        int found = at_terminal(rows[i].child, rows[i].answer, shown);

        if (found)
            fail_msg("row %zu: %d; shown: %s", i, found, shown);
        if (rows[i].answer)
            assert_non_null(strstr(shown, "Enter MFA code"));
        assert_null(strstr(shown, "12345")); /* not echoed */
        assert_null(strstr(shown, "654321"));
    }
}

/* ---- the AWS CLI's cache ---- */

static void put(const char *name, const char *text)
{
    static char home[256];
    char path[512];
    mw_error err = {0};

    snprintf(home, sizeof(home), "%s/mfa-home-%d", MW_BINARY_DIR, (int)getpid());
    env_set("HOME", home);
    snprintf(path, sizeof(path), "%s/.aws/cli/cache", home);
    assert_ok(mw_mkdirs(path, 0700, &err));
    snprintf(path, sizeof(path), "%s/.aws/cli/cache/%s.json", home, name);
    if (text)
        assert_ok(mw_file_write_atomic(path, text, strlen(text), 0600, &err));
    else
        unlink(path);
}

#define CLI_FILE(end)                                                                                                  \
    "{\"Credentials\": {\"AccessKeyId\": \"CLIKEY\", \"SecretAccessKey\": \"cli-secret\", "                            \
    "\"SessionToken\": \"cli-token\", \"Expiration\": \"" end "\"}, \"AssumedRoleUser\": "                             \
    "{\"Arn\": \"arn:aws:sts::123456789012:assumed-role/x/s\"}}"

static void test_cli_cache(void **state)
{
    static const struct {
        const char *profile, *file, *text;
        bool used;
    } rows[] = {
        {"mfa", PLAIN_FILE, CLI_FILE("2026-01-01T01:00:00+00:00"), true},
        {"full", FULL_FILE, CLI_FILE("2026-01-01T01:00:00Z"), true},
        {"mfa", PLAIN_FILE, CLI_FILE("2026-01-01T00:14:00+00:00"), false}, /* near its end */
        {"mfa", PLAIN_FILE, CLI_FILE("2025-01-01T00:00:00+00:00"), false},
        {"mfa", PLAIN_FILE, "{\"Credentials\": {\"AccessKeyId\": \"CLIKEY\"}}", false},
        {"mfa", PLAIN_FILE, "half a fi", false},
        {"mfa", FULL_FILE, CLI_FILE("2026-01-01T01:00:00Z"), false},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const mw_credentials *c = NULL;
        bench t;

        put(rows[i].file, rows[i].text);
        assert_int_equal(open_bench(&t, config, NULL, rows[i].profile, NULL, 0), MW_OK);
        if (rows[i].used) {
            assert_int_equal(get_now(&t, T0, &c), MW_OK);
            assert_string_equal(c->access_key_id, "CLIKEY");
            assert_string_equal(c->account_id, "123456789012");
            mw_provider_invalidate(t.p); /* AWS refuses them: not taken from the file again */
            assert_int_not_equal(get_now(&t, T0 + 1, &c), MW_OK);
        } else {
            assert_int_not_equal(get_now(&t, T0, &c), MW_OK);
            assert_null(strstr(t.err.message, "cli-secret"));
        }
        put(rows[i].file, NULL);
        close_bench(&t);
    }
}

/* Nobody may be asked while the tests of the cache run. */
int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_terminal), TEST(test_cli_cache)};
    pid_t pid = fork();
    int status = 1;

    if (pid == 0) {
        setsid();
        _exit(cmocka_run_group_tests(tests, NULL, NULL));
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
