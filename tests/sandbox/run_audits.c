/*
 * Hostile audits: scripts that try what they may not, under the real worker, and workers that are not ours
 * and say what no worker would. Each fails its own scope, with the reason, within its bound; the scope
 * beside it is complete, and nothing is sent to AWS.
 */
#include "../support/support.h"

#include "engine/audit_internal.h"
#include "engine/evaluate.h"

#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

/* One of the alternatives, for which limit comes first depends on the machine. */
static bool says(const char *text, const char *alternatives)
{
    char one[128];

    for (const char *p = alternatives;; p++) {
        snprintf(one, sizeof(one), "%.*s", (int)strcspn(p, "|"), p);
        if (strstr(text, one))
            return true;
        p += strcspn(p, "|");
        if (!*p)
            return false;
    }
}

/* In `good` the script does nothing; in `bad` it is the attack. */
static void run(const char *source, const char *message, size_t rows_max, uint64_t requests_max)
{
    static const char *const regions[] = {"bad", "good"};
    const mw_aws_config_options co = {.getenv_fn = no_environment};
    mw_audit_account account = {.account = "111122223333", .partition = "aws", .regions = regions, .region_count = 2};
    mw_client_options options = {.endpoint_url = "http://127.0.0.1:1", .max_attempts = 1};
    MW_AUTO(mw_buf) text = {0};
    mw_audit found = {0};
    mw_audit_options o = {.path = "a.lua", .accounts = &account, .account_count = 1, .snapshot_fd = -1, .cpu_ms = 300};
    mw_aws_config *config;
    mw_error err = {0};
    int64_t start = mw_mono_ms();

    mw_buf_printf(&text, "if aws.region == 'good' then return end\n%s", source);
    o.source = text.data;
    o.len = text.len;
    assert_int_equal(mw_models_builtin(&options.models, &err), MW_OK);
    assert_int_equal(mw_aws_config_load(&co, &config, &err), MW_OK);
    options.config = config;
    assert_int_equal(mw_client_new(&options, &o.client, &err), MW_OK);
    assert_int_equal(mw_provider_static("AKIA", "secret", NULL, &account.credentials, &err), MW_OK);
    if (mw_audit_run(&o, &found, &err) != MW_OK)
        fail_msg("%s: %s", source, err.message);
    if (found.scopes[0].state != MW_AUDIT_FAILED || !says(found.scopes[0].message, message))
        fail_msg("%s: state %d: %s", source, (int)found.scopes[0].state, found.scopes[0].message);
    if (found.scopes[1].state != MW_AUDIT_COMPLETE)
        fail_msg("%s: the other scope: %s", source, found.scopes[1].message);
    assert_true(mw_client_stats_get(o.client).requests <= requests_max);
    assert_true(found.row_count <= rows_max);
    if (mw_mono_ms() - start > 60000)
        fail_msg("%s: took %d s", source, (int)((mw_mono_ms() - start) / 1000));
    mw_audit_clear(&found);
    mw_client_free(o.client);
    mw_provider_unref(account.credentials);
    mw_aws_config_free(config);
}

static void test_scripts(void **state)
{
    static const struct {
        const char *source, *message;
        size_t rows;
    } rows[] = {
        {"aws.call('ec2:TerminateInstances', { InstanceIds = { 'i-1' } })", "audits only read", 0},
        {"aws.s3('CreateBucket', { Bucket = 'b' })", "audits only read", 0},
        {"aws.call('sts:AssumeRole', { RoleArn = 'r', RoleSessionName = 's' })", "audits only read", 0},
        {"aws.call('secretsmanager:GetSecretValue', { SecretId = 's' })", "audits only read", 0},
        {"aws.call('s3:DeleteBucket\\0ListBuckets', {})", "an operation is written", 0},
        {"aws.call('nonsense:Nothing')", "nonsense", 0},
        {"aws.call('ec2:DescribeVpcs', { VpcIds = { ('x'):rep(100000) } })", "larger than", 0},
        {"aws.call('ec2:DescribeVpcs', { Nothing = 1 })", "Nothing", 0},
        {"local t = {} t.t = t aws.call('ec2:DescribeVpcs', t)", "nested too deeply", 0},
        {"aws.call('ec2:DescribeVpcs', { f = print, [1] = 2 })", "text keys", 0},
        {"aws.call = print", "read-only", 0},
        {"while true do end", "deadline of 300 ms", 0},
        {"while true do pcall(function() while true do end end) end", "deadline of 300 ms", 0},
        {"while true do pcall(aws.call, 'ec2:RunInstances') end", "deadline of 300 ms|more calls", 0},
        {"local s = 'x' while true do s = s .. s end", "memory ceiling", 0},
        {"local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end", "memory ceiling|deadline", 0},
        {"while true do print('flood') end", "more than 10000 lines|deadline", 0},
        {"while true do emit { a = 1 } end", "more rows than|deadline", 100000},
        {"emit { a = ('x'):rep(100000) }", "larger than", 0},
        {"emit { 1, 2 }", "columns by name", 0},
        {"local r = {} for i = 1, 65 do r['c' .. i] = i end emit(r)", "1 to 64 columns", 0},
        {"columns { ('x'):rep(100000) }", "larger than", 0},
        {"while true do json('[' .. ('1,'):rep(100000) .. '1]') end", "deadline|too large", 0},
        {"assert(json(('['):rep(100)))", "", 0},
        {"os.execute('true')", "nil", 0},
        {"io.open('/etc/passwd')", "nil", 0},
        {"load('x')", "nil", 0},
        {"error({ where = 'w', operation = 'o', code = 'c', message = ('m'):rep(10000) })", "wo: c", 0},
        {"error(setmetatable)", "not text", 0},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        run(rows[i].source, rows[i].message, rows[i].rows, 0);
    }
}

/* ---- workers that are not ours: the word behind "--worker:" in the source says what they do ---- */

static void put(const mw_record *first, const mw_record *second)
{
    MW_AUTO(mw_buf) out = {.max = MW_RECORD_MAX * 2};

    assert_int_equal(mw_record_encode(&out, first, NULL), MW_OK);
    if (second)
        assert_int_equal(mw_record_encode(&out, second, NULL), MW_OK);
    (void)mw_fd_write_all(MW_WORKER_RESULTS_FD, "results", out.data, out.len, NULL);
}

static void hostile(const char *what)
{
    const mw_record row = {.kind = MW_RECORD_ROW, .text = {MW_STR("[1]")}},
                    broken = {.kind = MW_RECORD_ROW, .text = {MW_STR("{\"a\":")}},
                    verdict = {.kind = MW_RECORD_VERDICT, .count = 1},
                    columns = {.kind = MW_RECORD_COLUMNS, .text = {MW_STR("[1,{}]")}}, done = {.kind = MW_RECORD_DONE},
                    ask = {.kind = MW_RECORD_ASK, .text = {MW_STR("ec2:DescribeVpcs")}},
                    strange = {.kind = MW_RECORD_ASK, .item = 99, .text = {MW_STR("ec2:DescribeVpcs")}};

    signal(SIGPIPE, SIG_IGN);
    if (strcmp(what, "garbage") == 0)
        (void)mw_fd_write_all(MW_WORKER_RESULTS_FD, "r", "\xff\xff\xff\xff garbage", 12, NULL);
    else if (strcmp(what, "text") == 0)
        (void)mw_fd_write_all(MW_WORKER_RESULTS_FD, "r",
                              "\x1a\0\0\0L\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\x7f", 26, NULL);
    else if (strcmp(what, "row") == 0)
        put(&row, NULL);
    else if (strcmp(what, "broken") == 0)
        put(&broken, NULL);
    else if (strcmp(what, "verdict") == 0)
        put(&verdict, NULL);
    else if (strcmp(what, "columns") == 0)
        put(&columns, NULL);
    else if (strcmp(what, "die") == 0)
        raise(SIGUSR1);
    else if (strcmp(what, "twice") == 0)
        put(&ask, &ask);
    else if (strcmp(what, "leave") == 0)
        put(&ask, &done);
    else if (strcmp(what, "flood") == 0) /* never reads what it is answered */
        for (int i = 0; i < 200000; i++)
            put(&strange, NULL);
    _exit(0);
}

static void test_workers(void **state)
{
    static const char *const rows[][2] = {
        {"garbage", "its worker was ended: a record of"},
        {"text", "its worker was ended: a record"},
        {"row", "columns by name"},
        {"broken", "not JSON"},
        {"verdict", "no place in an audit"},
        {"columns", "list of at most 64"},
        {"die", "died of signal"},
        {"twice", "before it was answered"},
        {"leave", "without waiting"},
        {"flood", "its worker"},
        {"silent", "ended with status 0"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        char source[64];
        snprintf(source, sizeof(source), "--worker:%s", rows[i][0]);
        run(source, rows[i][1], 0, 1);
    }
}

/* ---- questions, without a worker ---- */

static void test_questions(void **state)
{
    static const struct {
        uint32_t kind;
        const char *operation, *params;
        mw_status status;
    } rows[] = {
        {MW_VM_ASK_CALL, "ec2:DescribeVpcs", NULL, MW_OK},
        {MW_VM_ASK_ITEMS, "ec2:DescribeVpcs", "{\"VpcIds\":[\"v\"]}", MW_OK},
        {MW_VM_ASK_COUNT, "ec2:DescribeVpcs", NULL, MW_ERR_INVALID},
        {UINT32_MAX, "ec2:DescribeVpcs", NULL, MW_ERR_INVALID},
        {0, "ec2:DeleteVpc", NULL, MW_ERR_CONFLICT},
        {0, "ec2:", NULL, MW_ERR_INVALID},
        {0, ":DescribeVpcs", NULL, MW_ERR_INVALID},
        {0, "ec2", NULL, MW_ERR_INVALID},
        {0, NULL, NULL, MW_ERR_INVALID},
        {0, "ec2:DescribeVpcs:DeleteVpc", NULL, MW_ERR_UNSUPPORTED},
        {0, "EC2:DescribeVpcs", NULL, MW_ERR_UNSUPPORTED},
        {0, "ec2:DescribeVpcs", "[]", MW_ERR_INVALID},
        {0, "ec2:DescribeVpcs", "{", MW_ERR_PARSE},
        {0, "ec2:DescribeVpcs", "{} {}", MW_ERR_PARSE},
        {0, "ec2:DescribeVpcs", "", MW_ERR_PARSE},
    };
    mw_doc_builder *b;
    const mw_models *models;

    (void)state;
    assert_int_equal(mw_models_builtin(&models, NULL), MW_OK);
    assert_int_equal(mw_doc_builder_new(NULL, &b, NULL), MW_OK);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const mw_record r = {.kind = MW_RECORD_ASK,
                             .item = rows[i].kind,
                             .text = {mw_str_of(rows[i].operation), mw_str_of(rows[i].params)}};
        const mw_operation *op;
        mw_error err = {0};
        mw_val params;
        mw_doc_builder_reset(b);
        if (mw__audit_question(models, &r, b, &op, &params, &err) != rows[i].status)
            fail_msg("row %zu: %s", i, err.message);
    }
    mw_doc_builder_free(b);
}

static void test_header(void **state)
{
    (void)state;
    assert_true(mw_audit_once_per_account("--- Keys.\n-- @scope account\nx", 29));
    assert_true(mw_audit_once_per_account("-- @scope account", 17));
    assert_false(mw_audit_once_per_account("x()\n-- @scope account\n", 22));
    assert_false(mw_audit_once_per_account("-- @scope acc", 13));
    assert_false(mw_audit_once_per_account("", 0));
}

static void test_check(void **state)
{
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_audit_check("a.lua", "emit{}", 6, &err), MW_OK);
    assert_int_equal(mw_audit_check("a.lua", "while true do end", 17, &err), MW_OK); /* compiled, not run */
    assert_int_equal(mw_audit_check("a.lua", "x = = 1", 7, &err), MW_ERR_SCRIPT);
    assert_non_null(strstr(err.message, "a.lua:1:"));
    assert_int_equal(mw_audit_check("a.lua", "\x1bLua", 4, &err), MW_ERR_SCRIPT);
}

/*
 * Two accounts are asked who they are, nobody answers, and memory runs out at each place in turn: a call that was
 * started for the first one ends before what it tells is gone.
 */
static void test_memory_that_runs_out(void **state)
{
    static const char *const regions[] = {"eu-west-1"};
    const mw_aws_config_options co = {.getenv_fn = no_environment};
    mw_client_options options = {.endpoint_url = "http://127.0.0.1:1", .max_attempts = 1};
    mw_audit_account accounts[2] = {
        {.account = "111122223333", .partition = "aws", .regions = regions, .region_count = 1},
        {.account = "444455556666", .partition = "aws", .regions = regions, .region_count = 1}};
    mw_aws_config *config;
    mw_provider *keys;
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_models_builtin(&options.models, &err), MW_OK);
    assert_int_equal(mw_aws_config_load(&co, &config, &err), MW_OK);
    assert_int_equal(mw_provider_static("AKIA", "secret", NULL, &keys, &err), MW_OK);
    options.config = config;
    for (size_t i = 0; i < MW_COUNT(accounts); i++) {
        accounts[i].credentials = keys;
        accounts[i].verify = true;
    }
    for (long n = 1; n < 1000; n++) {
        struct failing_alloc f = {.fail_at = n};
        mw_audit_options o = {
            .path = "a.lua", .source = "", .accounts = accounts, .account_count = 2, .snapshot_fd = -1};
        mw_audit found = {0};
        mw_status st;

        assert_int_equal(mw_client_new(&options, &o.client, &err), MW_OK);
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &f;
        st = mw_audit_run(&o, &found, &err);
        mw_sys_reset();
        for (size_t i = 0; st == MW_OK && i < found.scope_count; i++)
            assert_int_equal(found.scopes[i].state, MW_AUDIT_FAILED);
        mw_audit_clear(&found);
        mw_client_free(o.client);
        if (f.count < n)
            break;
    }
    mw_provider_unref(keys);
    mw_aws_config_free(config);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_questions), cmocka_unit_test(test_header),  cmocka_unit_test(test_check),
        cmocka_unit_test(test_scripts),   cmocka_unit_test(test_workers), cmocka_unit_test(test_memory_that_runs_out),
    };

    if (argc > 1 && strcmp(argv[1], "--worker") == 0) {
        mw_doc *bundle;
        const char *source, *mark;
        if (mw_doc_map(MW_WORKER_BUNDLE_FD, &bundle, NULL) != MW_OK)
            return 3;
        source = mw_val_get_str(bundle, mw_doc_root(bundle), "source", "");
        mark = strstr(source, "--worker:");
        if (mark && strcmp(mw_val_get_str(bundle, mw_doc_root(bundle), "region", ""), "bad") == 0)
            hostile(mark + strlen("--worker:"));
        mw_doc_free(bundle);
        return mw_worker_main(argc, argv);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
