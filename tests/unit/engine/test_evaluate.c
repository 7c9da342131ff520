/*
 * Evaluation under real workers: verdicts, gaps, guards, deaths, quarantine, the same bytes whatever the
 * number of workers, and what a worker process is left with.
 */
#include "unit/engine/folder.h"
#include "unit/engine/packs.h"
#include "unit/engine/snapshot.h"

#include "base/sys.h"
#include "engine/worker.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define BUCKETS 40

static int snapshot = -1;

/* BUCKETS buckets b000…, numbered; one topic scope that was denied. */
static int make_snapshot(void)
{
    MW_AUTO(mw_buf) json = {.max = 1 << 20};

    mw_buf_puts(
        &json,
        "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{\"AWS::S3::Bucket\":{\"scope\":\"global\",\"facets\":["
        "\"Versioning\"],"
        "\"collected\":[\"Versioning\"]},\"AWS::KMS::Key\":{\"scope\":\"regional\",\"facets\":[],\"collected\":[]}},"
        "\"worlds\":[{"
        "\"scopes\":[{\"account\":\"1\",\"region\":\"us-east-1\",\"partition\":\"aws\",\"type\":\"AWS::S3::Bucket\","
        "\"facet\":null,"
        "\"state\":\"complete\"},{\"account\":\"1\",\"region\":\"eu-west-1\",\"partition\":\"aws\",\"type\":\"AWS::KMS:"
        ":Key\","
        "\"facet\":null,\"state\":\"denied\",\"cause\":{\"operation\":\"kms:ListKeys\",\"code\":\"AccessDenied\"}}],"
        "\"resources\":{\"AWS::S3::Bucket\":[");
    for (int i = 0; i < BUCKETS; i++)
        mw_buf_printf(&json,
                      "%s{\"type\":\"AWS::S3::Bucket\",\"id\":\"b%03d\",\"arn\":\"arn:aws:s3:::b%03d\",\"name\":\"b%"
                      "03d\",\"account\":\"1\","
                      "\"region\":\"us-east-1\",\"partition\":\"aws\",\"tags\":null,\"rest\":null,\"doc\":{\"Number\":%"
                      "d,\"Kind\":\"%s\","
                      "\"Versioning\":%s}}",
                      i ? "," : "", i, i, i, i, i % 2 ? "odd" : "even",
                      i % 4 == 3 ? "{\"$unknown\":{\"operation\":\"s3:GetBucketVersioning\",\"code\":\"AccessDenied\"}}"
                                 : "{\"Status\":\"Enabled\"}");
    mw_buf_puts(&json, "]}}]}");
    return test_memfd(json.data);
}

static void add_rule(folder *f, const char *id, const char *members, const char *body)
{
    char name[64], text[4096];

    snprintf(name, sizeof(name), "%s.lua", id);
    snprintf(text, sizeof(text),
             "return rule { id = \"%s\", title = \"t\", severity = \"low\", resource = \"%s\", %s "
             "check = function(r, ctx) %s end }",
             id, strstr(members, "KMS") ? "AWS::KMS::Key" : "AWS::S3::Bucket", strstr(members, "KMS") ? "" : members,
             body);
    folder_add(f, name, text);
}

static void evaluate(const mw_rules *rules, const mw_evaluate_options *o, mw_findings *out, mw_evaluate_stats *stats)
{
    mw_error err = {0};

    if (mw_evaluate(rules, snapshot, o, out, stats, &err) != MW_OK || mw_findings_unpack(out, &err) != MW_OK)
        fail_msg("%s", err.message);
}

static size_t count(const mw_findings *l, const char *rule, mw_verdict status)
{
    size_t n = 0;

    for (size_t i = 0; i < l->count; i++)
        n += strcmp(l->items[i].rule, rule) == 0 && l->items[i].status == status;
    return n;
}

static const mw_finding *find(const mw_findings *l, const char *rule, const char *id)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].rule, rule) == 0 && strcmp(l->items[i].id, id) == 0)
            return &l->items[i];
    fail_msg("no finding of %s on %s", rule, id);
    return NULL;
}

static void test_verdicts(void **state)
{
    mw_evaluate_stats stats;
    mw_findings out = {0};
    const mw_finding *f;
    mw_rules *rules;
    folder dir;

    (void)state;
    folder_open(&dir);
    add_rule(&dir, "even", "applies = { Kind = \"even\" },",
             "return r.Number < 10 and pass() or fail('number %d', r.Number)");
    add_rule(&dir, "list", "",
             "if r.Number > 0 then return pass() end return { fail { subkey = 'a' }, fail { subkey = 'b' } }");
    add_rule(&dir, "unclear", "needs = { \"Versioning\" },",
             "return r.Versioning.Status == 'Enabled' and pass() or fail('x')");
    add_rule(&dir, "broken", "", "return nothing.there");
    add_rule(&dir, "topics", "KMS", "return pass()");
    rules = test_load(&dir);
    evaluate(rules, &(mw_evaluate_options){.workers = 1}, &out, &stats);
    assert_int_equal(count(&out, "even", MW_VERDICT_PASS), 5);
    assert_int_equal(count(&out, "even", MW_VERDICT_FAIL), BUCKETS / 2 - 5);
    assert_int_equal(count(&out, "even", MW_VERDICT_NOT_APPLICABLE), BUCKETS / 2);
    assert_string_equal(find(&out, "even", "b001")->message, "Kind is odd");
    f = find(&out, "even", "b010");
    assert_string_equal(f->message, "number 10");
    assert_string_equal(f->evidence, "[{\"path\":\"Number\",\"value\":10}]");
    assert_string_equal(f->arn, "arn:aws:s3:::b010");
    assert_string_equal(f->severity, "low");
    assert_int_equal(count(&out, "list", MW_VERDICT_FAIL), 2);
    assert_string_equal(find(&out, "list", "b000")->subkey, "a");
    assert_int_equal(count(&out, "unclear", MW_VERDICT_UNKNOWN), BUCKETS / 4);
    assert_string_equal(find(&out, "unclear", "b003")->message,
                        "Versioning is unknown: s3:GetBucketVersioning: AccessDenied");
    assert_int_equal(count(&out, "broken", MW_VERDICT_ERROR), BUCKETS);
    assert_non_null(strstr(find(&out, "broken", "b000")->message, "broken.lua:1: attempt to index a nil value"));
    assert_int_equal(count(&out, "topics", MW_VERDICT_UNKNOWN), 1);
    f = find(&out, "topics", "*");
    assert_string_equal(f->region, "eu-west-1");
    assert_string_equal(f->message, "the list of AWS::KMS::Key is denied: kms:ListKeys: AccessDenied");
    assert_int_equal(stats.evaluations, 4 * BUCKETS);
    assert_int_equal(stats.workers_died, 0);
    assert_true(strcmp(stats.isolation, "seccomp") == 0 || strstr(stats.isolation, "process only"));
    mw_findings_clear(&out);
    mw_rules_free(rules);
}

/* One rule that is slow now and then, one that eats memory, one that kills its worker by an endless call in C. */
static void test_same_bytes(void **state)
{
    char digest[3][65];
    folder dir;
    mw_rules *rules;

    (void)state;
    folder_open(&dir);
    add_rule(&dir, "good", "", "return r.Number % 3 == 0 and fail('three') or pass()");
    add_rule(&dir, "loops", "", "if r.Number == 7 or r.Number == 30 then while true do end end return pass()");
    add_rule(&dir, "eats", "", "if r.Number == 20 then local s = 'x' while true do s = s .. s end end return pass()");
    add_rule(&dir, "recurses", "",
             "if r.Number == 21 then local function f() return 1 + f() end f() end return pass()");
    rules = test_load(&dir);
    for (int i = 0; i < 3; i++) {
        mw_findings out = {0};
        mw_evaluate_stats stats;
        evaluate(rules, &(mw_evaluate_options){.workers = i + 1}, &out, &stats);
        assert_int_equal(stats.workers_started, i + 1);
        assert_int_equal(out.count, 4 * BUCKETS);
        assert_int_equal(count(&out, "loops", MW_VERDICT_ERROR), 2);
        assert_int_equal(count(&out, "loops", MW_VERDICT_PASS), BUCKETS - 2);
        assert_non_null(strstr(find(&out, "loops", "b007")->message, "loops.lua:1: deadline of 50 ms passed"));
        assert_int_equal(count(&out, "eats", MW_VERDICT_ERROR), 1);
        assert_int_equal(count(&out, "recurses", MW_VERDICT_ERROR), 1);
        assert_int_equal(mw_findings_digest(&out, digest[i], NULL), MW_OK);
        mw_findings_clear(&out);
    }
    mw_rules_free(rules);
    /* A traceback may be cut at another instruction: compare what is stable by construction above, and the good rule's bytes. */
    folder_open(&dir);
    add_rule(&dir, "good", "", "return r.Number % 3 == 0 and fail('three') or pass()");
    add_rule(&dir, "list", "", "return { fail { subkey = tostring(r.Number) }, pass { subkey = 'p' } }");
    rules = test_load(&dir);
    for (int i = 0; i < 3; i++) {
        mw_findings out = {0};
        evaluate(rules, &(mw_evaluate_options){.workers = i * 3 + 1}, &out, NULL);
        assert_int_equal(mw_findings_digest(&out, digest[i], NULL), MW_OK);
        mw_findings_clear(&out);
    }
    assert_string_equal(digest[0], digest[1]);
    assert_string_equal(digest[0], digest[2]);
    mw_rules_free(rules);
}

/* ---- workers that die ---- */

/* A thread that signals each worker it finds while the test evaluates a looping rule. */
struct killer {
    _Atomic bool done;
    int signal, killed, most;
    char environment[64], status[4096];
    int open_fds;
};

static pid_t some_child(void)
{
    char path[64];
    MW_AUTO(mw_buf) text = {.max = 4096};
    long long pid;

    snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
    if (mw_file_read(path, &text, NULL) != MW_OK || !text.data ||
        !mw_parse_int(text.data, strcspn(text.data, " "), &pid))
        return 0;
    return (pid_t)pid;
}

static int count_fds(pid_t pid)
{
    char path[64];
    DIR *dir;
    int n = 0;

    snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
    if (!(dir = opendir(path)))
        return -1;
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* Processor time of a process in clock ticks; 0 when it is gone. proc(5): utime is field 14. */
static long long cpu_ticks(pid_t pid)
{
    char path[64];
    MW_AUTO(mw_buf) text = {.max = 4096};
    long long ticks = 0;
    const char *p;

    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    if (mw_file_read(path, &text, NULL) != MW_OK || !text.data || !(p = strrchr(text.data, ')')))
        return 0;
    for (int field = 2; p && field < 14; field++)
        p = strchr(p + 1, ' ');
    return p && mw_parse_int(p + 1, strcspn(p + 1, " "), &ticks) ? ticks : 0;
}

/* In jail, and computing since then for long enough to be in the loop: its start, slow under a sanitizer, is over. */
static bool is_looping(pid_t pid)
{
    static pid_t jailed;
    static long long since;
    char path[64];
    MW_AUTO(mw_buf) text = {.max = 4096};

    snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
    if (mw_file_read(path, &text, NULL) != MW_OK || !text.data || !strstr(text.data, "NoNewPrivs:\t1"))
        return false;
    if (pid != jailed) {
        jailed = pid;
        since = cpu_ticks(pid);
    }
    return cpu_ticks(pid) >= since + 30;
}

static void *kill_workers(void *arg)
{
    struct killer *k = arg;
    pid_t last = 0;

    while (!k->done) {
        pid_t pid = some_child();
        usleep(60000);
        if (pid <= 0 || pid == last || pid != some_child() || k->killed >= k->most || !is_looping(pid))
            continue;
        char path[64];
        MW_AUTO(mw_buf) text = {.max = 4096};
        k->open_fds = count_fds(pid);
        snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
        mw_file_read(path, &text, NULL);
        snprintf(k->status, sizeof(k->status), "%s", text.data ? text.data : "");
        mw_buf_reset(&text);
        snprintf(path, sizeof(path), "/proc/%ld/environ", (long)pid);
        mw_file_read(path, &text, NULL);
        snprintf(k->environment, sizeof(k->environment), "%.*s", (int)text.len, text.data ? text.data : "");
        kill(pid, k->signal);
        last = pid;
        k->killed++;
    }
    return NULL;
}

static void test_death(void **state)
{
    struct killer k = {.signal = SIGSEGV, .most = 1};
    mw_evaluate_stats stats;
    mw_findings out = {0};
    pthread_t thread;
    mw_rules *rules;
    folder dir;

    (void)state;
    folder_open(&dir);
    add_rule(&dir, "good", "", "return pass()");
    add_rule(&dir, "loops", "", "if r.Number == 25 then while true do end end return pass()");
    rules = test_load(&dir);
    assert_int_equal(pthread_create(&thread, NULL, kill_workers, &k), 0);
    /* A soft deadline that is far away: the worker sits in the loop until the signal comes. */
    evaluate(rules, &(mw_evaluate_options){.workers = 1, .soft_ms = 20000, .hard_ms = 30000}, &out, &stats);
    k.done = true;
    pthread_join(thread, NULL);
    assert_int_equal(stats.workers_died, 1);
    assert_int_equal(stats.workers_started, 2);
    assert_int_equal(out.count, 2 * BUCKETS);
    assert_int_equal(count(&out, "good", MW_VERDICT_PASS), BUCKETS);
    assert_int_equal(count(&out, "loops", MW_VERDICT_ERROR), 1);
    assert_int_equal(count(&out, "loops", MW_VERDICT_PASS), BUCKETS - 1);
    /* A sanitizer catches the signal itself. */
    assert_non_null(
        strstr(find(&out, "loops", "b025")->message, TEST_SANITIZED ? "its worker" : "its worker died of signal 11"));
    /* What the process was left with while it ran. */
    assert_string_equal(k.environment, "");
    if (k.open_fds >= 0)
        assert_int_equal(k.open_fds, TEST_SANITIZED ? 5 : 4);
    assert_non_null(strstr(k.status, "NoNewPrivs:\t1"));
    if (strcmp(stats.isolation, "seccomp") == 0)
        assert_non_null(strstr(k.status, "Seccomp:\t2"));
    mw_findings_clear(&out);
    mw_rules_free(rules);
}

static void test_hard_deadline(void **state)
{
    mw_evaluate_stats stats;
    mw_findings out = {0};
    mw_rules *rules;
    folder dir;

    (void)state;
    folder_open(&dir);
    add_rule(&dir, "good", "", "return pass()");
    add_rule(&dir, "loops", "", "if r.Number == 5 or r.Number == 6 then while true do end end return pass()");
    rules = test_load(&dir);
    evaluate(rules, &(mw_evaluate_options){.workers = 2, .soft_ms = 60000, .hard_ms = 100}, &out, &stats);
    assert_int_equal(stats.workers_died, 2);
    assert_int_equal(out.count, 2 * BUCKETS);
    assert_int_equal(count(&out, "good", MW_VERDICT_PASS), BUCKETS);
    assert_int_equal(count(&out, "loops", MW_VERDICT_ERROR), 2);
    assert_non_null(strstr(find(&out, "loops", "b006")->message, "hard deadline of 100 ms passed"));
    mw_findings_clear(&out);
    mw_rules_free(rules);
}

static void test_quarantine(void **state)
{
    char digest[2][65];
    mw_rules *rules;
    folder dir;

    (void)state;
    folder_open(&dir);
    add_rule(&dir, "good", "", "return r.Number > 3 and pass() or fail('x')");
    add_rule(&dir, "loops", "", "if r.Number % 5 == 0 then while true do end end return pass()");
    rules = test_load(&dir);
    for (int i = 0; i < 2; i++) {
        mw_evaluate_stats stats;
        mw_findings out = {0};
        evaluate(rules, &(mw_evaluate_options){.workers = i + 1, .soft_ms = 60000, .hard_ms = 60}, &out, &stats);
        assert_true(stats.workers_died >= MW_DEATHS_MAX && stats.workers_died <= MW_DEATHS_MAX + 1);
        assert_int_equal(count(&out, "good", MW_VERDICT_PASS), BUCKETS - 4);
        assert_int_equal(count(&out, "loops", MW_VERDICT_PASS), 0); /* never pass */
        assert_int_equal(count(&out, "loops", MW_VERDICT_ERROR), 1);
        assert_non_null(strstr(find(&out, "loops", "*")->message, "quarantined"));
        assert_int_equal(mw_findings_digest(&out, digest[i], NULL), MW_OK);
        mw_findings_clear(&out);
    }
    assert_string_equal(digest[0], digest[1]);
    mw_rules_free(rules);
}

/* What passes with nothing to say is counted; all else is listed, and a quarantined rule has passed nothing. */
static void test_count_passes(void **state)
{
    mw_findings out = {0};
    mw_rules *rules;
    folder dir;

    (void)state;
    folder_open(&dir);
    add_rule(&dir, "good", "", "return r.Number > 3 and pass() or fail('x')");
    add_rule(&dir, "says", "", "return pass('number %d', r.Number)");
    add_rule(&dir, "parts", "", "return { pass { subkey = 'a' }, pass { subkey = 'b' } }");
    add_rule(&dir, "loops", "", "if r.Number % 5 == 0 then while true do end end return pass()");
    rules = test_load(&dir);
    for (int i = 0; i < 2; i++) {
        evaluate(rules, &(mw_evaluate_options){.workers = i + 1, .count_passes = true, .soft_ms = 60000, .hard_ms = 60},
                 &out, NULL);
        assert_int_equal(out.passed, BUCKETS - 4);
        assert_int_equal(count(&out, "good", MW_VERDICT_PASS), 0);
        assert_int_equal(count(&out, "good", MW_VERDICT_FAIL), 4);
        assert_int_equal(count(&out, "says", MW_VERDICT_PASS), BUCKETS);
        assert_int_equal(count(&out, "parts", MW_VERDICT_PASS), 2 * BUCKETS);
        assert_int_equal(count(&out, "loops", MW_VERDICT_ERROR), 1);
        mw_findings_clear(&out);
        out = (mw_findings){0};
    }
    mw_rules_free(rules);
}

static void test_stop(void **state)
{
    static volatile bool stop = true;
    mw_findings out = {0};
    mw_error err = {0};
    mw_rules *rules;
    folder dir;

    (void)state;
    folder_open(&dir);
    add_rule(&dir, "good", "", "return pass()");
    rules = test_load(&dir);
    assert_int_equal(mw_evaluate(rules, snapshot, &(mw_evaluate_options){.stop = &stop}, &out, NULL, &err),
                     MW_ERR_CANCELLED);
    mw_findings_clear(&out);
    mw_rules_free(rules);
}

/* ---- workers that lie ---- */

struct liar {
    size_t records, lost;
    char why[256];
};

static mw_status hear(void *user, size_t slot, const mw_record *r, mw_error *err)
{
    (void)slot;
    (void)r;
    (void)err;
    ((struct liar *)user)->records++;
    return MW_OK;
}

static mw_status lose(void *user, size_t slot, mw_position p, const char *why, mw_error *err)
{
    struct liar *l = user;

    (void)slot;
    (void)p;
    (void)err;
    l->lost++;
    snprintf(l->why, sizeof(l->why), "%s", why);
    return MW_OK;
}

/* A worker that says READY and then the lie that its bundle's first file is named after: see main(). */
static int lie(char how)
{
    MW_AUTO(mw_buf) out = {.max = 1 << 20};
    mw_record r = {.kind = MW_RECORD_READY, .text = {MW_STR("seccomp")}};

    mw_record_encode(&out, &r, NULL);
    r = (mw_record){.kind = MW_RECORD_FAILED, .count = 1};
    switch (how) {
    case 'a': mw_buf_add(&out, "\xFF\xFF\xFF\xFFgarbage", 11, NULL); break;
    case 'b': /* a position that is not next */
        r.item = 3;
        mw_record_encode(&out, &r, NULL);
        break;
    case 'c': /* a goodbye before the work is done */
        r.kind = MW_RECORD_DONE;
        mw_record_encode(&out, &r, NULL);
        break;
    case 'd': /* an index beyond its count */
        r.index = 5;
        mw_record_encode(&out, &r, NULL);
        break;
    case 'e': /* a verdict where a file was asked for */
        r.kind = MW_RECORD_VERDICT;
        mw_record_encode(&out, &r, NULL);
        break;
    default: break; /* says nothing more */
    }
    mw_fd_write_all(MW_WORKER_RESULTS_FD, "results", out.data, out.len, NULL);
    return 0;
}

static void test_liars(void **state)
{
    static const char *const why[] = {"a record of",    "not where it should be",   "stopped before its end",
                                      "count is wrong", "answers another question", "its worker ended with status 0"};

    (void)state;
    for (int how = 0; how < 6; how++) {
        const char name[] = {'!', (char)('a' + how), '\0'};
        const mw_source_file files[] = {{name, "", 0}, {"other.lua", "", 0}};
        struct liar l = {0};
        mw_doc *bundle;
        mw_work work;
        mw_pool pool = {
            .snapshot_fd = -1, .workers = 1, .hard_ms = 500, .user = &l, .on_record = hear, .on_lost = lose};
        mw_error err = {0};
        assert_int_equal(mw__bundle_files("load", files, 2, &pool.bundle_fd, NULL), MW_OK);
        assert_int_equal(mw_doc_map(pool.bundle_fd, &bundle, NULL), MW_OK);
        assert_int_equal(mw_work_init(&work, bundle, NULL, NULL), MW_OK);
        pool.work = &work;
        assert_int_equal(mw__pool_run(&pool, &err), MW_OK);
        assert_int_equal(l.lost, 2); /* every position has an answer all the same */
        if (!strstr(l.why, why[how]))
            fail_msg("liar %d: %s", how, l.why);
        mw_work_clear(&work);
        mw_doc_free(bundle);
        close(pool.bundle_fd);
    }
}

static int open_all(void **state)
{
    (void)state;
    types = test_types();
    snapshot = make_snapshot();
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    mw_types_free(types);
    close(snapshot);
    return 0;
}

/* Liars are told by a first file named "!x". */
static char lie_asked_for(void)
{
    mw_doc *bundle;
    const char *path;
    char how;

    if (mw_doc_map(MW_WORKER_BUNDLE_FD, &bundle, NULL) != MW_OK)
        return 0;
    path = mw_val_get_str(bundle, mw_val_at(bundle, mw_val_get(bundle, mw_doc_root(bundle), "files"), 0), "path", "");
    how = path[0] == '!' ? path[1] : '\0';
    mw_doc_free(bundle);
    return how;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts),   cmocka_unit_test(test_same_bytes),
                                       cmocka_unit_test(test_death),      cmocka_unit_test(test_hard_deadline),
                                       cmocka_unit_test(test_quarantine), cmocka_unit_test(test_count_passes),
                                       cmocka_unit_test(test_stop),       cmocka_unit_test(test_liars)};

    if (argc > 1 && strcmp(argv[1], "--worker") == 0)
        return lie_asked_for() ? lie(lie_asked_for()) : mw_worker_main(argc, argv);
    return cmocka_run_group_tests(tests, open_all, close_all);
}
