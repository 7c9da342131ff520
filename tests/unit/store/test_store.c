/* The database file: permissions, strangers, damage, versions, two processes, a full disk. */
#include "base/file.h"
#include "base/mem.h"
#include "store/store.h"
#include "unit/store/scratch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static void write_file(const char *path, const char *text, size_t len)
{
    assert_int_equal(mw_file_write_atomic(path, text, len, 0600, NULL), MW_OK);
}

static mw_status put(mw_store *s, const char *id, size_t count, const char *message, mw_error *err)
{
    const mw_run run = {
        .id = id, .started_at = "2026-01-01T00:00:00Z", .finished_at = "2026-01-01T00:00:01Z", .coverage = "[]"};
    mw_store_finding *all = mw_alloc(count * sizeof(*all) + 1);
    char(*names)[64] = mw_alloc(count * sizeof(*names) + 1);
    mw_status st;

    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "%s-%zu", id, i);
        all[i] = (mw_store_finding){.fingerprint = names[i],
                                    .rule = "r",
                                    .status = "fail",
                                    .severity = "low",
                                    .type = "T",
                                    .id = names[i],
                                    .account = "1",
                                    .region = "x",
                                    .partition = "aws",
                                    .message = message,
                                    .evidence = "[]"};
    }
    st = mw_store_put_part(
        s, &run, &(mw_store_part){.account = "1", .at = run.started_at, .findings = all, .count = count}, err);
    mw_free(all);
    mw_free(names);
    return st;
}

static bool count_run(void *user, const mw_run *run)
{
    (void)run;
    (*(size_t *)user)++;
    return true;
}

static size_t runs_in(mw_store *s)
{
    size_t n = 0;

    assert_int_equal(mw_store_runs(s, count_run, &n, NULL), MW_OK);
    return n;
}

static void creates_privately(void **state)
{
    static const char *const files[] = {"deep/er/a.db", "deep/er/a.db-wal", "deep/er/a.db-shm"};
    mw_store *s;
    mw_error err = {0};
    struct stat is;
    mode_t old = umask(0);

    (void)state;
    assert_int_equal(mw_store_open(scratch("deep/er/a.db"), NULL, &s, &err), MW_OK);
    assert_int_equal(put(s, "run", 1, "m", &err), MW_OK);
    for (size_t i = 0; i < MW_COUNT(files); i++) {
        assert_int_equal(stat(scratch(files[i]), &is), 0);
        assert_int_equal(is.st_mode & 0777, 0600);
    }
    assert_int_equal(stat(scratch("deep"), &is), 0);
    assert_int_equal(is.st_mode & 0777, 0700);
    assert_int_equal(mw_store_check(s, &err), MW_OK);
    mw_store_close(s);
    umask(old);
    assert_int_equal(unlink(scratch("deep/er/a.db")), 0);
    assert_int_equal(rmdir(scratch("deep/er")), 0);
}

static void refuses(const char *name, mw_status status, const char *words)
{
    mw_store *s = NULL;
    mw_error err = {0};

    assert_int_equal(mw_store_open(scratch(name), NULL, &s, &err), status);
    assert_null(s);
    assert_non_null(strstr(err.message, words));
    assert_non_null(strstr(err.message, scratch_called(name)));
}

static void refuses_what_is_not_ours(void **state)
{
    static const char garbage[8192] = "this is a letter, not a database";
    MW_AUTO(mw_buf) before = {0};
    MW_AUTO(mw_buf) after = {0};

    (void)state;
    assert_int_equal(mkfifo(scratch("pipe"), 0600), 0);
    refuses("pipe", MW_ERR_INVALID, "not a file");
    assert_int_equal(access(scratch("pipe-journal"), F_OK), -1);
    assert_int_equal(unlink(scratch("pipe")), 0);
    write_file(scratch("letter.db"), garbage, sizeof(garbage));
    refuses("letter.db", MW_ERR_PARSE, "damaged");

    assert_true(scratch_sql("other.db", "CREATE TABLE t(x); PRAGMA user_version = 1"));
    assert_int_equal(mw_file_read(scratch("other.db"), &before, NULL), MW_OK);
    refuses("other.db", MW_ERR_PARSE, "another program");
    assert_int_equal(mw_file_read(scratch("other.db"), &after, NULL), MW_OK);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);

    assert_int_equal(mkdir(scratch("folder.db"), 0700), 0);
    refuses("folder.db", MW_ERR_IO, "folder.db");
}

static void refuses_a_schema_of_another_program(void **state)
{
    (void)state;
    assert_true(scratch_postgres("CREATE SCHEMA t_other_db; CREATE TABLE t_other_db.t(x int)"));
    refuses("other.db", MW_ERR_PARSE, "another program");
}

/* No message may hold a password, however wrong the URL is. */
static void tells_no_password(void **state)
{
    static const struct {
        const char *url;
        mw_status st;
        const char *words;
    } rows[] = {
        {"postgresql://me:hunter2@127.0.0.1:1/db", MW_ERR_NET, "postgresql://me@127.0.0.1:1/db"},
        {"postgres://me:hunter2@127.0.0.1:1/db?connect_timeout=1&schema=x", MW_ERR_NET, "/db?schema=x"},
        {"postgresql://127.0.0.1:1/db?user=me&password=hunter2", MW_ERR_NET, "postgresql://me@127.0.0.1:1/db"},
        {"postgresql://me:hunter2@127.0.0.1:hunter2/db", MW_ERR_NET, "port"},
        {"postgresql://me:hunter2@127.0.0.1/db?hunter2=1", MW_ERR_INVALID, "URL"},
        {"postgresql://me:hunter2%@[::1/db", MW_ERR_INVALID, "URL"},
        {"postgresql://me:hunter2@127.0.0.1:1/db?schema=hunter2;", MW_ERR_INVALID, "schema"},
        {"postgresql://me:hunter2@127.0.0.1:1/db?schema=", MW_ERR_INVALID, "schema"},
        {"postgresql://me:hunter2@127.0.0.1:1/db?schema=7", MW_ERR_INVALID, "schema"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_error err = {0};
        mw_store *s;
        if (mw_store_open(rows[i].url, NULL, &s, &err) != rows[i].st || !strstr(err.message, rows[i].words) ||
            strstr(err.message, ":hunter2@") || strstr(err.message, "hunter2@"))
            fail_msg("%s: %d %s", rows[i].url, err.status, err.message);
    }
}

static void refuses_a_newer_schema(void **state)
{
    mw_store *s;

    (void)state;
    assert_int_equal(mw_store_open(scratch("new.db"), NULL, &s, NULL), MW_OK);
    mw_store_close(s);
    assert_true(
        scratch_sql("new.db", scratch_database() ? "UPDATE moonward SET schema = 99" : "PRAGMA user_version = 99"));
    refuses("new.db", MW_ERR_UNSUPPORTED, "schema 99");
}

/* Who reads makes nothing; who looks changes nothing either, and is told which schema it is. */
static void opens_as_it_is_told(void **state)
{
    static const mw_store_options existing = {.mode = MW_STORE_EXISTING}, look = {.mode = MW_STORE_LOOK};
    const mw_store_options *const readers[] = {&existing, &look};
    int64_t is, known;
    char age[64];
    mw_store *s;
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(readers); i++) {
        assert_int_equal(mw_store_open(scratch("none.db"), readers[i], &s, &err), MW_ERR_NOTFOUND);
        assert_non_null(strstr(err.message, "nothing is stored"));
        assert_int_equal(access(scratch("none.db"), F_OK), -1);
        if (scratch_database())
            continue;
        write_file(scratch("void.db"), "", 0);
        assert_int_equal(mw_store_open(scratch("void.db"), readers[i], &s, &err), MW_ERR_NOTFOUND);
        assert_int_equal(unlink(scratch("void.db")), 0);
    }
    assert_int_equal(mw_store_open(scratch("some.db"), NULL, &s, &err), MW_OK);
    assert_int_equal(put(s, "run", 3, "m", &err), MW_OK);
    mw_store_close(s);
    assert_int_equal(mw_store_open(scratch("some.db"), &look, &s, &err), MW_OK);
    mw_store_schema(s, &is, &known);
    assert_true(is == known && known > 0);
    assert_int_equal(runs_in(s), 1);
    assert_int_not_equal(put(s, "other", 3, "m", &err), MW_OK);
    assert_int_equal(runs_in(s), 1);
    mw_store_close(s);
    if (scratch_database() && known == 1)
        return; /* no schema is older than the first */
    snprintf(age, sizeof(age), scratch_database() ? "UPDATE moonward SET schema = %d" : "PRAGMA user_version = %d",
             (int)known - 1);
    assert_true(scratch_sql("some.db", age));
    for (int again = 0; again < 2; again++) {
        assert_int_equal(mw_store_open(scratch("some.db"), &look, &s, &err), MW_OK);
        mw_store_schema(s, &is, &known);
        assert_true(is == known - 1);
        mw_store_close(s);
    }
}

static void notices_damage(void **state)
{
    MW_AUTO(mw_buf) bytes = {0};
    mw_store *s = NULL;
    mw_error err = {0};
    mw_status st;

    (void)state;
    assert_int_equal(mw_store_open(scratch("hurt.db"), NULL, &s, NULL), MW_OK);
    assert_int_equal(put(s, "run", 500, "some words that fill a page or two", NULL), MW_OK);
    mw_store_close(s);
    assert_int_equal(mw_file_read(scratch("hurt.db"), &bytes, NULL), MW_OK);
    assert_true(bytes.len > 40000);
    memset(bytes.data + 8192, 0x5A, bytes.len - 8192);
    write_file(scratch("hurt.db"), bytes.data, bytes.len);
    st = mw_store_open(scratch("hurt.db"), NULL, &s, &err);
    if (st == MW_OK) {
        st = mw_store_check(s, &err);
        mw_store_close(s);
    }
    assert_int_equal(st, MW_ERR_PARSE);
    assert_non_null(strstr(err.message, "damaged"));
}

static void two_processes_at_once(void **state)
{
    pid_t child[3];
    mw_store *s;

    (void)state;
    for (size_t i = 0; i < MW_COUNT(child); i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0) { /* each opens (one creates and migrates) and puts four runs */
            char id[32];
            mw_status st = mw_store_open(scratch("shared.db"), NULL, &s, NULL);
            for (int k = 0; st == MW_OK && k < 4; k++) {
                snprintf(id, sizeof(id), "run-%zu-%d", i, k);
                st = put(s, id, 50, "m", NULL);
            }
            _exit(st == MW_OK ? 0 : 1);
        }
    }
    for (size_t i = 0; i < MW_COUNT(child); i++) {
        int how;
        assert_int_equal(waitpid(child[i], &how, 0), child[i]);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), 0);
    }
    assert_int_equal(mw_store_open(scratch("shared.db"), NULL, &s, NULL), MW_OK);
    assert_int_equal(runs_in(s), 12);
    assert_int_equal(mw_store_check(s, NULL), MW_OK);
    mw_store_close(s);
}

/* RLIMIT_FSIZE stands in for a full disk: a write stops short there as it does here. */
static void a_full_disk_loses_nothing(void **state)
{
    mw_store *s;
    mw_error err = {0};
    pid_t child;
    int how;

    (void)state;
    assert_int_equal(mw_store_open(scratch("full.db"), NULL, &s, NULL), MW_OK);
    assert_int_equal(put(s, "first", 10, "m", NULL), MW_OK);
    mw_store_close(s);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit small = {(rlim_t)200 << 10, (rlim_t)200 << 10};
        signal(SIGXFSZ, SIG_IGN);
        if (mw_store_open(scratch("full.db"), NULL, &s, NULL) != MW_OK || setrlimit(RLIMIT_FSIZE, &small))
            _exit(10);
        if (put(s, "second", 20000, "a message of some length, again and again", &err) != MW_ERR_IO)
            _exit(11);
        if (!strstr(err.message, "full.db"))
            _exit(12);
        _exit(runs_in(s) == 1 ? 0 : 13);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    assert_int_equal(mw_store_open(scratch("full.db"), NULL, &s, NULL), MW_OK);
    assert_int_equal(runs_in(s), 1);
    assert_int_equal(mw_store_check(s, NULL), MW_OK);
    assert_int_equal(put(s, "third", 10, "m", NULL), MW_OK);
    mw_store_close(s);
}

int main(void)
{
    const struct CMUnitTest database[] = {
        cmocka_unit_test_teardown(refuses_a_schema_of_another_program, scratch_empty),
        cmocka_unit_test_teardown(refuses_a_newer_schema, scratch_empty),
        cmocka_unit_test_teardown(opens_as_it_is_told, scratch_empty),
        cmocka_unit_test_teardown(two_processes_at_once, scratch_empty),
        cmocka_unit_test(tells_no_password),
    };
    const struct CMUnitTest file[] = {
        cmocka_unit_test_teardown(creates_privately, scratch_empty),
        cmocka_unit_test_teardown(refuses_what_is_not_ours, scratch_empty),
        cmocka_unit_test_teardown(refuses_a_newer_schema, scratch_empty),
        cmocka_unit_test_teardown(opens_as_it_is_told, scratch_empty),
        cmocka_unit_test_teardown(notices_damage, scratch_empty),
        cmocka_unit_test_teardown(two_processes_at_once, scratch_empty),
        cmocka_unit_test_teardown(a_full_disk_loses_nothing, scratch_empty),
        cmocka_unit_test(tells_no_password),
    };

    return scratch_database() ? cmocka_run_group_tests(database, scratch_make, scratch_remove)
                              : cmocka_run_group_tests(file, scratch_make, scratch_remove);
}
