/*
 * Findings do not depend on how they were found: not on the number of workers, not on what evaluations before left in a
 * VM, not on workers that are killed at any moment. And a worker that lies, floods or dies harms nothing but its own answers.
 */
#include "unit/engine/folder.h"
#include "unit/engine/packs.h"
#include "unit/engine/snapshot.h"

#include "base/log.h"
#include "base/sys.h"
#include "engine/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define BUCKETS 60

static int snapshot = -1;

static int make_snapshot(void)
{
    MW_AUTO(mw_buf) json = {.max = 1 << 20};

    mw_buf_puts(&json, "{\"now\":\"2026-01-02T03:04:05Z\",\"types\":{\"AWS::S3::Bucket\":{\"scope\":\"global\","
                       "\"facets\":[\"Policy\"],"
                       "\"collected\":[\"Policy\"]}},\"worlds\":[{\"scopes\":[{\"account\":\"1\",\"region\":\"us-east-"
                       "1\",\"partition\":"
                       "\"aws\",\"type\":\"AWS::S3::Bucket\",\"facet\":null,\"state\":\"complete\"}],\"resources\":{"
                       "\"AWS::S3::Bucket\":[");
    for (int i = 0; i < BUCKETS; i++)
        mw_buf_printf(
            &json,
            "%s{\"type\":\"AWS::S3::Bucket\",\"id\":\"b%03d\",\"arn\":\"arn:aws:s3:::b%03d\",\"account\":\"1\","
            "\"region\":\"us-east-1\",\"partition\":\"aws\",\"tags\":{\"Team\":\"t%d\"},\"rest\":null,\"doc\":{"
            "\"Number\":%d,"
            "\"Peer\":\"b%03d\",\"List\":[{\"A\":%d},{\"A\":2}],\"First\":{\"$unknown\":{\"code\":\"One\"}},"
            "\"Second\":{\"$unknown\":{\"code\":\"Two\"}}}}",
            i ? "," : "", i, i, i % 3, i, (i + 7) % BUCKETS, i % 5);
    mw_buf_puts(&json, "]}}]}");
    return test_memfd(json.data);
}

static void add_rule(folder *f, const char *id, const char *members, const char *body)
{
    char name[64];
    MW_AUTO(mw_buf) text = {.max = 1 << 16};

    snprintf(name, sizeof(name), "%s.lua", id);
    mw_buf_printf(&text,
                  "return rule { id = \"%s\", title = \"t\", severity = \"low\", resource = \"AWS::S3::Bucket\", %s "
                  "check = function(r, ctx) %s end }",
                  id, members, body);
    folder_add(f, name, text.data);
}

static void evaluate_with(const mw_rules *rules, const mw_evaluate_options *o, mw_findings *out,
                          mw_evaluate_stats *stats)
{
    mw_error err = {0};

    if (mw_evaluate(rules, snapshot, o, out, stats, &err) != MW_OK || mw_findings_unpack(out, &err) != MW_OK)
        fail_msg("%s", err.message);
}

static void evaluate(const mw_rules *rules, int workers, mw_findings *out, mw_evaluate_stats *stats)
{
    evaluate_with(rules, &(mw_evaluate_options){.workers = workers}, out, stats);
}

/* ---- the number of workers ---- */

static void same_whatever_the_workers(mw_rules *rules)
{
    static const int workers[] = {1, 2, 3, 7, 1};
    char first[65], digest[65];

    for (size_t i = 0; i < MW_COUNT(workers); i++) {
        mw_findings out = {0};
        /* A sanitizer's pace must not bring deadlines in, the one thing that may differ. */
        evaluate_with(rules,
                      &(mw_evaluate_options){.workers = workers[i],
                                             .soft_ms = TEST_SANITIZED ? 5000 : 0,
                                             .hard_ms = TEST_SANITIZED ? 30000 : 0},
                      &out, NULL);
        assert_int_equal(mw_findings_digest(&out, digest, NULL), MW_OK);
        if (i == 0)
            memcpy(first, digest, sizeof(first));
        if (strcmp(first, digest) != 0)
            fail_msg("%d workers find something else than one", workers[i]);
        mw_findings_clear(&out);
    }
    mw_rules_free(rules);
}

static void test_workers(void **state)
{
    folder dir;

    (void)state;
    folder_open(&dir);
    add_rule(&dir, "passes", "", "return pass()");
    add_rule(&dir, "fails", "", "return r.Number % 3 == 0 and fail('%d of %s', r.Number, r.tags.Team) or pass()");
    add_rule(&dir, "lists", "",
             "local out = {} for e in r.List:each() do out[#out + 1] = (e.A > 1 and fail or pass) { subkey = #out } "
             "end return out");
    add_rule(&dir, "unknowns", "", "return r.First and pass()");
    add_rule(&dir, "errors", "", "return r.Nothing.There");
    add_rule(&dir, "guarded", "applies = { Number = { 1, 2, 3, 50 } },", "return fail('guarded')");
    add_rule(
        &dir, "looks", "related = { \"AWS::S3::Bucket\" },",
        "local p = ctx.inventory:get('AWS::S3::Bucket', r.Peer) return p.Number > r.Number and pass() or fail(p.id)");
    /* Which of two unknown fields is named is not chance. */
    add_rule(&dir, "filters", "related = { \"AWS::S3::Bucket\" },",
             "return #ctx.inventory:each('AWS::S3::Bucket', { First = 1, Second = 1, Number = r.Number }) and pass()");
    add_rule(&dir, "keys", "", "return fail { z = 1, b = 2, y = 3, c = 4 }");
    add_rule(&dir, "logs", "", "ctx.log('%s', r.id) return pass { message = r.id }");
    same_whatever_the_workers(test_load(&dir));
}

/* What evaluations before left in the VM must not show: its table of names, its memory, its modules. */
static void test_history(void **state)
{
    folder dir;

    (void)state;
    folder_open(&dir);
    /* More names than there is room for, when others came before: evidence would say "?". */
    add_rule(&dir, "names", "",
             "for i = 1, 3000 do local _ = r['k' .. r.Number .. '-' .. i] end for i = 1, 40 do local _ = r['e' .. i] "
             "end return fail('x')");
    add_rule(&dir, "more-names", "",
             "if r.Number % 7 == 0 then for i = 1, 6000 do local _ = r['m' .. r.Number .. '-' .. i] end end return "
             "fail('x')");
    /* Close below the ceiling, and nobody else's fault when it is hit. */
    add_rule(&dir, "eats", "",
             "local t = {} for i = 1, 20 + r.Number % 9 do t[i] = ('x'):rep((1 << 20) - i) end return pass { message = "
             "#t }");
    add_rule(&dir, "edge", "",
             "local function f(n) if n > 0 then pcall(f, n - 1) end pcall(require, 'sg') end "
             "if r.Number % 2 == 0 then f(190) end return pass()");
    add_rule(&dir, "requires", "", "return require('sg') and pass()");
    same_whatever_the_workers(test_load(&dir));
}

/* ---- workers that are killed ---- */

struct killer {
    _Atomic bool running, done;
    _Atomic int killed;
    unsigned seed;
};

static pid_t some_child(unsigned choice)
{
    char path[64];
    MW_AUTO(mw_buf) text = {.max = 4096};
    long long pid[16];
    size_t n = 0;

    snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
    if (mw_file_read(path, &text, NULL) != MW_OK || !text.data)
        return 0;
    for (const char *p = text.data; *p && n < MW_COUNT(pid) && mw_parse_int(p, strcspn(p, " "), &pid[n]); n++) {
        p += strcspn(p, " ");
        p += *p == ' ';
    }
    return n ? (pid_t)pid[choice % n] : 0;
}

/* At most two in a run, so that no rule comes into quarantine. */
static void *kill_workers(void *arg)
{
    struct killer *k = arg;

    for (int i = 0; i < 2 && !k->done; i++) {
        pid_t pid;
        usleep(1000 + (unsigned)rand_r(&k->seed) % 60000);
        pid = k->running && !k->done ? some_child((unsigned)rand_r(&k->seed)) : 0;
        if (pid > 0 && kill(pid, SIGKILL) == 0)
            k->killed++;
    }
    return NULL;
}

static bool same(const mw_finding *a, const mw_finding *b)
{
    return strcmp(a->fingerprint, b->fingerprint) == 0 && a->status == b->status &&
           strcmp(a->message ? a->message : "", b->message ? b->message : "") == 0 &&
           strcmp(a->evidence, b->evidence) == 0;
}

#define KILLS (TEST_SANITIZED ? 10 : 100)

static void test_kills(void **state)
{
    mw_findings calm = {0};
    struct killer k = {.seed = 1};
    int lost = 0;
    mw_rules *rules;
    folder dir;

    (void)state;
    folder_open(&dir);
    add_rule(
        &dir, "busy", "",
        "local n = 0 for i = 1, 60000 do n = n + i % 7 end return n % 2 == r.Number % 2 and pass() or fail('%d', n)");
    add_rule(&dir, "quick", "", "return r.Number % 3 == 0 and fail('three') or pass()");
    add_rule(&dir, "texts", "", "for i = 1, 300 do local _ = r.id .. i end return pass { message = r.id }");
    rules = test_load(&dir);
    evaluate(rules, 1, &calm, NULL);
    assert_int_equal(calm.count, 3 * BUCKETS);
    while (k.killed < KILLS) {
        mw_findings out = {0};
        pthread_t thread;
        int before = k.killed, gone = 0;
        k.done = false;
        k.running = true;
        assert_int_equal(pthread_create(&thread, NULL, kill_workers, &k), 0);
        evaluate(rules, 1 + before % 3, &out, NULL);
        k.done = true;
        pthread_join(thread, NULL);
        assert_int_equal(out.count, calm.count);
        for (size_t i = 0; i < out.count; i++) {
            if (same(&out.items[i], &calm.items[i]))
                continue;
            if (out.items[i].status != MW_VERDICT_ERROR || !strstr(out.items[i].message, "its worker") ||
                strcmp(out.items[i].fingerprint, calm.items[i].fingerprint) != 0)
                fail_msg("%s on %s changed: %s", out.items[i].rule, out.items[i].id,
                         out.items[i].message ? out.items[i].message : "(nothing)");
            gone++;
        }
        assert_true(gone <= k.killed - before); /* a death costs one evaluation */
        lost += gone;
        mw_findings_clear(&out);
    }
    print_message("%d workers killed, %d evaluations lost\n", (int)k.killed, lost);
    mw_findings_clear(&calm);
    mw_rules_free(rules);
}

/* ---- workers that lie ---- */

static void say(mw_buf *out, const mw_record *r)
{
    assert_int_equal(mw_record_encode(out, r, NULL), MW_OK);
}

/* Instead of evaluating: the lie that the first rule is named after. */
static int lie(char how)
{
    static char half[] = "\x40\0\0\0V";
    mw_record v = {.kind = MW_RECORD_VERDICT, .status = MW_VERDICT_PASS, .count = 1};
    mw_record passes = {.kind = MW_RECORD_PASSES, .count = 1};
    MW_AUTO(mw_buf) out = {.max = 64 << 20};

    if (how == 'a')
        return 0; /* never ready */
    say(&out, &(mw_record){.kind = MW_RECORD_READY, .text = {MW_STR("seccomp")}});
    switch (how) {
    case 'b': passes.count = 0; break;
    case 'c': passes.count = MW_PASSES_MAX + 1; break;
    case 'd': passes.item = 3; break;
    case 'e': passes.rule = 7; break;
    case 'f': passes.item = UINT32_MAX; break;
    case 'g': /* two verdicts of one subkey */
        v.count = 2;
        say(&out, &v);
        v.index = 1;
        break;
    case 'h': v.text[2] = MW_STR("{\"no\":\"list\"}"); break;
    case 'i': v.text[2] = MW_STR("[[[[[["); break;
    case 'j': mw_buf_add(&out, half, sizeof(half) - 1, NULL); break;
    case 'k': say(&out, &(mw_record){.kind = MW_RECORD_READY, .text = {MW_STR("none")}}); break;
    case 'l': /* a hundred thousand lines for the log */
        for (uint32_t i = 0; i < 100000; i++)
            say(&out, &(mw_record){.kind = MW_RECORD_LOG, .rule = i, .text = {MW_STR("line")}});
        break;
    case 'm': say(&out, &(mw_record){.kind = MW_RECORD_ASK, .text = {MW_STR("ec2:DescribeInstances")}}); break;
    case 'n': say(&out, &(mw_record){.kind = MW_RECORD_LOADED, .count = 1, .text = {MW_STR("{}")}}); break;
    case 'o': v.count = UINT32_MAX; break;
    case 'p': say(&out, &(mw_record){.kind = MW_RECORD_DONE}); break;
    case 'q': passes.status = MW_VERDICT_FAIL; break;
    case 'r': passes.text[1] = MW_STR("a reason"); break;
    case 's': /* more than its share, of a verdict in a row */
        passes.status = MW_VERDICT_NOT_APPLICABLE;
        passes.count = MW_PASSES_MAX;
        break;
    case 't': /* the same twice */
        passes.count = 2;
        say(&out, &passes);
        passes.count = 1;
        break;
    default: break;
    }
    if (strchr("bcdefqrst", how))
        say(&out, &passes);
    if (strchr("ghio", how))
        say(&out, &v);
    mw_fd_write_all(MW_WORKER_RESULTS_FD, "results", out.data, out.len, NULL);
    return 0;
}

static void test_liars(void **state)
{
    (void)state;
    for (char how = 'a'; how <= 't'; how++) {
        char id[] = {'l', 'i', 'e', '-', how, '\0'};
        mw_findings out = {0};
        mw_evaluate_stats stats;
        mw_error err = {0};
        mw_rules *rules;
        mw_status st;
        folder dir;
        folder_open(&dir);
        add_rule(&dir, id, "", "return pass()");
        rules = test_load(&dir);
        st = mw_evaluate(rules, snapshot, &(mw_evaluate_options){.workers = 2}, &out, &stats, &err);
        assert_int_equal(out.packed_count, 0);
        if (how == 'a') {
            assert_int_equal(st, MW_ERR_IO);
            assert_non_null(strstr(err.message, "workers cannot start"));
        } else {
            /* Each lie costs a worker and an evaluation; then the rule is in quarantine and nothing of it counts. */
            if (st != MW_OK || out.count != 1 || out.items[0].status != MW_VERDICT_ERROR ||
                !strstr(out.items[0].message, "quarantined"))
                fail_msg("liar %c: %s; %zu findings, the first is %s", how, err.message, out.count,
                         out.count ? mw_verdict_name(out.items[0].status) : "not there");
            assert_true(stats.workers_died >= MW_DEATHS_MAX);
        }
        mw_findings_clear(&out);
        mw_rules_free(rules);
    }
}

/* ---- a kernel without seccomp ---- */

static char logged[4096];
static size_t logged_len;

static ssize_t write_log(void *ctx, int fd, const void *data, size_t size)
{
    (void)ctx;
    if (fd != STDERR_FILENO)
        return write(fd, data, size);
    if (size < sizeof(logged) - logged_len) {
        memcpy(logged + logged_len, data, size);
        logged_len += size;
    }
    return (ssize_t)size;
}

static void test_without_seccomp(void **state)
{
    mw_evaluate_stats stats;
    mw_findings out = {0};
    mw_rules *rules;
    folder dir;

    (void)state;
    folder_open(&dir);
    add_rule(&dir, "lie-without-seccomp", "", "return pass()");
    rules = test_load(&dir);
    mw_log_setup(MW_LOG_WARN, false);
    mw_sys.write_fn = write_log;
    evaluate(rules, 2, &out, &stats);
    mw_sys_reset();
    assert_int_equal(out.count, BUCKETS);
    assert_string_equal(stats.isolation, "process only (seccomp: Function not implemented)");
    if (!strstr(logged, "isolation is process only (seccomp: Function not implemented)"))
        fail_msg("not warned of: %s", logged);
    assert_null(strstr(strstr(logged, "isolation is") + 1, "isolation is")); /* once */
    mw_findings_clear(&out);
    mw_rules_free(rules);
}

/* 'w' is no lie: it runs where the kernel has no seccomp. */
static char lie_asked_for(void)
{
    mw_doc *bundle;
    const char *id;
    char how;

    if (mw_doc_map(MW_WORKER_BUNDLE_FD, &bundle, NULL) != MW_OK)
        return 0;
    id = mw_val_get_str(bundle, mw_val_at(bundle, mw_val_get(bundle, mw_doc_root(bundle), "rules"), 0), "id", "");
    how = strncmp(id, "lie-", 4) == 0 ? id[4] : '\0';
    mw_doc_free(bundle);
    return how;
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_workers), cmocka_unit_test(test_history),
                                       cmocka_unit_test(test_kills), cmocka_unit_test(test_liars),
                                       cmocka_unit_test(test_without_seccomp)};

    if (argc > 1 && strcmp(argv[1], "--worker") == 0) {
        char how = lie_asked_for();
        if (how == 'w')
            mw__jail_without_seccomp(ENOSYS);
        return how && how != 'w' ? lie(how) : mw_worker_main(argc, argv);
    }
    return cmocka_run_group_tests(tests, open_all, close_all);
}
