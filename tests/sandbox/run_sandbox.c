/*
 * Runs every *.lua of this folder as a rule, under the real worker, and compares the verdict with the
 * file's second line: `-- expect: <verdict> [text|other text]`; `load` is the verdict of a file that is refused. Each has a bound of processor time,
 * for the worker may neither hang nor be saved by the hard deadline. Abuses that need generated files are below.
 */
#include "unit/engine/packs.h"
#include "unit/engine/snapshot.h"

#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define CPU_MS_MAX (TEST_SANITIZED ? 8000 : 600)

static const char snapshot_json[] =
    "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{\"AWS::S3::Bucket\":{\"scope\":\"global\","
    "\"facets\":[\"Versioning\",\"Policy\"],\"collected\":[\"Policy\"]}},\"worlds\":[{\"scopes\":[{\"account\":\"1\","
    "\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::S3::Bucket\",\"facet\":null,\"state\":\"complete\"}"
    "],"
    "\"resources\":{\"AWS::S3::Bucket\":[{\"type\":\"AWS::S3::Bucket\",\"id\":\"b\",\"account\":\"1\",\"region\":\"us-"
    "east-1\","
    "\"partition\":\"aws\",\"tags\":null,\"rest\":null,\"doc\":{\"Name\":\"b\",\"List\":[{\"A\":1},{\"A\":2},{\"A\":3}]"
    ",\"Empty\":{},\"Policy\":{\"$unknown\":{\"code\":\"Denied\"}}}}]}}]}";

static int snapshot = -1;

static long cpu_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_CHILDREN, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

/* `text` holds one of the alternatives of @p expect, separated by '|'. */
static bool matches(const char *text, const char *expect)
{
    char one[256];

    while (*expect) {
        size_t len = strcspn(expect, "|");
        snprintf(one, sizeof(one), "%.*s", (int)len, expect);
        if (strstr(text, one))
            return true;
        expect += len + (expect[len] == '|');
    }
    return false;
}

static void expectation(const char *path, char *out, size_t size)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 20};
    const char *line;

    assert_int_equal(mw_file_read(path, &text, NULL), MW_OK);
    line = strstr(text.data, "-- expect: ");
    if (!line)
        fail_msg("%s says nothing of what to expect", path);
    snprintf(out, size, "%.*s", (int)strcspn(line + 11, "\n"), line + 11);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_lua(const struct dirent *entry)
{
    return mw_str_ends(entry->d_name, ".lua");
}

static void run_file(const char *path, unsigned *failed)
{
    const mw_evaluate_options o = {.workers = 1};
    char expect[256], verdict[32], message[2048] = "";
    mw_findings found = {0};
    mw_evaluate_stats stats;
    mw_rules *rules;
    mw_error err = {0};
    long start = cpu_ms(), spent;
    const char *text;
    bool ok = false;

    expectation(path, expect, sizeof(expect));
    snprintf(verdict, sizeof(verdict), "%.*s", (int)strcspn(expect, " "), expect);
    text = expect + strlen(verdict) + (expect[strlen(verdict)] == ' ');
    rules = test_pack_of(&path, 1, types, &err);
    if (strcmp(verdict, "load") == 0) {
        spent = cpu_ms() - start;
        if (rules || !matches(err.message, text) || spent > CPU_MS_MAX) {
            print_error("%s: expected to be refused: %s; %s; %ld ms\n", path, text,
                        rules ? "it was loaded" : err.message, spent);
            ++*failed;
        }
        mw_rules_free(rules);
        return;
    }
    if (!rules || mw_evaluate(rules, snapshot, &o, &found, &stats, &err) != MW_OK ||
        mw_findings_unpack(&found, &err) != MW_OK) {
        print_error("%s: %s\n", path, err.message);
        ++*failed;
        mw_rules_free(rules);
        return;
    }
    for (size_t i = 0; i < found.count; i++) {
        snprintf(message, sizeof(message), "%s", found.items[i].message ? found.items[i].message : "");
        ok = ok || (strcmp(mw_verdict_name(found.items[i].status), verdict) == 0 && (!*text || matches(message, text)));
    }
    spent = cpu_ms() - start;
    if (!ok || stats.workers_died || spent > CPU_MS_MAX) {
        print_error("%s: expected %s; got %zu, last %s: %s; %ld ms, %zu died\n", path, expect, found.count,
                    found.count ? mw_verdict_name(found.items[found.count - 1].status) : "", message, spent,
                    stats.workers_died);
        ++*failed;
    }
    mw_findings_clear(&found);
    mw_rules_free(rules);
}

static void test_files(void **state)
{
    struct dirent **entries;
    unsigned failed = 0;
    int n = scandir(MW_SOURCE_DIR "/tests/sandbox", &entries, is_lua, by_name);

    (void)state;
    assert_true(n > 200);
    for (int i = 0; i < n; i++) {
        char path[1024];
        snprintf(path, sizeof(path), MW_SOURCE_DIR "/tests/sandbox/%s", entries[i]->d_name);
        run_file(path, &failed);
        free(entries[i]);
    }
    free(entries);
    assert_int_equal(failed, 0);
}

/* ---- rows 1 and 38: what only a generated file can do ---- */

static void add_times(mw_buf *b, const char *text, int times)
{
    for (int i = 0; i < times; i++)
        mw_buf_puts(b, text);
}

static void test_loading(void **state)
{
    static const struct {
        const char *before, *text, *after, *expect;
        int times;
    } rows[] = {
        {"\x1bLuaT", "\x01", "", "attempt to load a binary chunk|not UTF-8 text", 64},
        {"return ", "(", "1", "overflow|unexpected symbol|levels", 100000},
        {"return ", "{", "", "overflow|levels|unexpected symbol", 100000},
        {"", "local x ", "", "too many local variables", 300},
        {"local x = 'a'", " .. 'a'", "", "overflow|levels|registers|must end with", 30000},
        {"local x = ", "not ", "1", "overflow|levels|must end with", 50000},
        {"while true do end", " ", "", "deadline of 250 ms", 1},
        {"local t = {} while true do t[#t + 1] = {} end", " ", "", "deadline of 250 ms|memory ceiling", 1},
        {"while true do pcall(function() while true do end end) end", " ", "", "deadline of 250 ms", 1},
        {"return rule { x = 1, ", "a = 1,", "}", "unknown key", 1000},
        {"", "-- a very long comment .........................\n", "", "ceiling|larger than", 6000},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) source = {.max = 4 << 20};
        char dir[] = "/tmp/mw-sandbox-XXXXXX", path[64];
        const char *paths[] = {path};
        mw_error err = {0};
        mw_rules *rules;
        long start = cpu_ms();
        assert_non_null(mkdtemp(dir));
        snprintf(path, sizeof(path), "%s/x.lua", dir);
        mw_buf_puts(&source, rows[i].before);
        add_times(&source, rows[i].text, rows[i].times);
        mw_buf_puts(&source, rows[i].after);
        assert_int_equal(mw_file_write_atomic(path, source.data, source.len, 0600, NULL), MW_OK);
        rules = test_pack_of(paths, 1, types, &err);
        unlink(path);
        rmdir(dir);
        if (rules || !matches(err.message, rows[i].expect))
            fail_msg("load row %zu: %s", i, rules ? "it was loaded" : err.message);
        assert_true(cpu_ms() - start < CPU_MS_MAX);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_loading)};
    int rc;

    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return mw_worker_main(argc, argv);
    snapshot = test_memfd(snapshot_json);
    rc = cmocka_run_group_tests(tests, test_open_types, test_close_types);
    close(snapshot);
    return rc;
}
