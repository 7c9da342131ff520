/*
 * `moonward call`: one AWS API call, its answer as one document; with --wait, until a waiter is content. Relies on the client for
 * everything about AWS. It must never send an operation that may change something without --write,
 * and it prints nothing on stdout unless the call succeeded.
 */
#include "cli/commands.h"

#include "aws/client.h"
#include "aws/endpoint.h"
#include "aws/paginate.h"
#include "aws/readonly.h"
#include "aws/waiter.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/session.h"
#include "moonward/jmespath.h"
#include "report/value.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PARAMS_MAX_BYTES ((size_t)64 << 20)
#define OUTPUT_MAX_BYTES ((size_t)1 << 30)
#define PAGE_SIZE_MAX    1000000
#define WAIT_DELAY_MAX   3600
#define WAIT_MAX         100000
#define ACCOUNT_SIZE     32
#define API_ERROR_EXIT   1 /* as the AWS CLI's users expect of a failed call */

typedef struct session {
    const mw_args *args;
    mw_model_pack pack;
    const mw_operation *op;
    mw_aws_config *config;
    mw_client *client;
    mw_provider *credentials;
    mw_doc_builder *params;
    mw_val params_root;
    mw_doc_builder *out;
    mw_page_merge *merge;
    mw_jmespath *query;
    mw_value_format format;
    mw_waiter_spec *waiter; /* NULL without --wait */
    mw_wait_options wait_options;
    mw_wait *wait;
    mw_scope scope;
    char account[ACCOUNT_SIZE]; /* that the credentials belong to, with --account */
    mw_buf text;
    mw_call_result result;
    mw_error page_error; /* a page could not be kept */
} session;

static void session_clear(session *s)
{
    mw_page_merge_free(s->merge);
    mw_jmespath_free(s->query);
    mw_client_free(s->client);
    mw_wait_free(s->wait);
    mw_waiter_spec_free(s->waiter);
    mw_provider_unref(s->credentials);
    mw_aws_config_free(s->config);
    mw_doc_builder_free(s->params);
    mw_doc_builder_free(s->out);
    mw_free(s->text.data); /* it was to be printed: nothing to wipe, and it may be large */
    mw_model_pack_clear(&s->pack);
}

/* ---- failures ---- */

static void add_member(mw_buf *out, const char *name, const char *value)
{
    MW_AUTO(mw_buf) masked = {.max = 8192};

    mw_mask_secrets(&masked, value, strlen(value));
    mw_buf_printf(out, ",\"%s\":", name);
    mw_json_write_string(out, masked.data ? masked.data : "", masked.len);
}

/** The last line of stderr; its form is part of the command's contract. */
static void print_error(const char *code, const char *message, int status, const char *request_id)
{
    MW_AUTO(mw_buf) line = {.max = 16384};

    mw_buf_puts(&line, "{\"error\":{\"code\":");
    mw_json_write_string(&line, code, strlen(code));
    add_member(&line, "message", message);
    mw_buf_printf(&line, ",\"status\":%d", status);
    add_member(&line, "request_id", request_id);
    mw_buf_puts(&line, "}}\n");
    if (line.failed == MW_OK)
        (void)mw_fd_write_all(STDERR_FILENO, "stderr", line.data, line.len, NULL);
}

/** A failure before or beside AWS's answer: the code is the status' name. */
static int fail_local(const mw_error *err, int code)
{
    int usual = mw_cli_fail(err);

    print_error(mw_status_name(err->status), err->message, 0, "");
    return code >= 0 ? code : usual;
}

static int fail_call(const mw_call_result *r)
{
    if (r->status == MW_ERR_AWS) {
        print_error(r->aws.code, r->aws.message, r->aws.http_status, r->aws.request_id);
        return API_ERROR_EXIT;
    }
    return fail_local(&r->error,
                      r->status == MW_ERR_CREDENTIALS || r->status == MW_ERR_CANCELLED ? -1 : API_ERROR_EXIT);
}

/* ---- what was asked ---- */

static mw_status read_params(session *s, mw_error *err)
{
    const char *text = mw_args_get(s->args, "params");
    MW_AUTO(mw_buf) file = {.max = PARAMS_MAX_BYTES};
    size_t len;
    mw_status st;

    s->params_root = MW_VAL_ABSENT;
    if (!text)
        return MW_OK;
    len = strlen(text);
    if (mw_str_starts(text, "file://")) {
        if ((st = mw_file_read(text + strlen("file://"), &file, err)) != MW_OK)
            return mw_error_prefix(err, st, "--params");
        text = file.data ? file.data : "";
        len = file.len;
    }
    if ((st = mw_doc_builder_new(NULL, &s->params, err)) != MW_OK)
        return st;
    if ((st = mw_json_read(s->params, text, len, NULL, NULL, err)) != MW_OK)
        return mw_error_prefix(err, st, "--params");
    s->params_root = mw_doc_pop(s->params);
    if (mw_val_kind(mw_doc_view(s->params), s->params_root) != MW_KIND_OBJECT)
        return mw_fail(err, MW_ERR_INVALID, "--params: expected a JSON object");
    return MW_OK;
}

/* An option that is a whole number and makes sense only beside @p with; -1 when it is not there. */
static mw_status read_number(const session *s, const char *name, const char *with, int min, int max, int *out,
                             mw_error *err)
{
    const char *text = mw_args_get(s->args, name);
    long long n = 0;

    *out = -1;
    if (!text)
        return MW_OK;
    if (!mw_parse_int(text, strlen(text), &n) || n < min || n > max)
        return mw_fail(err, MW_ERR_INVALID, "--%s: '%s' is not a whole number from %d to %d", name, text, min, max);
    if (!mw_args_flag(s->args, with) && !mw_args_get(s->args, with))
        return mw_fail(err, MW_ERR_INVALID, "--%s works with --%s only", name, with);
    *out = (int)n;
    return MW_OK;
}

static mw_status read_page_size(const session *s, int *out, mw_error *err)
{
    mw_status st = read_number(s, "page-size", "paginate", 1, PAGE_SIZE_MAX, out, err);

    if (*out < 0)
        *out = 0;
    return st;
}

static mw_status read_wait(session *s, mw_error *err)
{
    const char *name = mw_args_get(s->args, "wait");
    mw_wait_options *o = &s->wait_options;
    mw_status st;

    if ((st = read_number(s, "wait-delay", "wait", 0, WAIT_DELAY_MAX, &o->delay_s, err)) != MW_OK ||
        (st = read_number(s, "wait-attempts", "wait", 1, WAIT_MAX, &o->max_attempts, err)) != MW_OK)
        return st;
    if (!name)
        return MW_OK;
    if (mw_args_flag(s->args, "paginate"))
        return mw_fail(err, MW_ERR_INVALID, "--wait and --paginate exclude each other");
    st = mw_waiter_spec_new(s->op, name, &s->waiter, err);
    return st == MW_OK ? st : mw_error_prefix(err, st, "--wait");
}

static mw_status read_query(session *s, mw_error *err)
{
    const char *text = mw_args_get(s->args, "query");
    mw_status st;

    if (!text)
        return MW_OK;
    st = mw_jmespath_compile(text, strlen(text), &s->query, err);
    return st == MW_OK ? st : mw_error_prefix(err, st, "--query");
}

static mw_status settle_scope(session *s, const mw_models *models, mw_error *err)
{
    const char *region = mw_args_get(s->args, "region");
    const char *account = mw_args_get(s->args, "account");

    if (region && strpbrk(region, "*?"))
        return mw_fail(err, MW_ERR_INVALID, "--region: a call goes to one region, '%s' is a pattern", region);
    if (!region)
        region = mw_aws_config_region(s->config);
    s->scope.region = region ? region : "";
    s->scope.account = account ? account : "";
    s->scope.partition = mw_partition_of_region(models, s->scope.region);
    return MW_OK;
}

static mw_status open_client(session *s, mw_cli *cli, const mw_models *models, mw_error *err)
{
    mw_aws_config_options co = {.profile = mw_args_get(s->args, "profile")};
    mw_client_options o = {
        .models = models,
        .endpoint_url = mw_args_get(s->args, "endpoint-url"),
        .record_dir = mw_args_get(s->args, "record"),
        .replay_dir = mw_args_get(s->args, "replay"),
        .stop = cli->stop,
        .few_connections = true,
    };
    mw_status st;

    if ((st = mw_aws_config_load(&co, &s->config, err)) != MW_OK)
        return st;
    o.config = s->config;
    if ((st = settle_scope(s, models, err)) != MW_OK || (st = mw_client_new(&o, &s->client, err)) != MW_OK)
        return st;
    return mw_doc_builder_new(NULL, &s->out, err);
}

static bool needs_credentials(const session *s)
{
    return !mw_client_replays(s->client) && !mw_str_eq(mw_operation_auth_type(s->op), "none") &&
           !mw_args_flag(s->args, "no-sign-request") && !mw_args_flag(s->args, "dry-run");
}

/* ---- whose credentials ---- */

struct caller {
    char account[ACCOUNT_SIZE];
    mw_call_result result;
};

static bool on_identity(void *user, mw_doc_builder *page, mw_val result)
{
    struct caller *c = user;

    snprintf(c->account, sizeof(c->account), "%s", mw_val_get_str(mw_doc_view(page), result, "Account", ""));
    return true;
}

static void on_identity_done(void *user, const mw_call_result *result)
{
    ((struct caller *)user)->result = *result;
}

/* --account is a guard: nothing is sent with credentials that are another account's, or nobody's. */
static mw_status check_account(session *s, mw_error *err)
{
    const char *wanted = mw_args_origin(s->args, "account");
    struct caller caller = {0};
    mw_scope scope = s->scope;
    const mw_call c = {.scope = &scope,
                       .service = "sts",
                       .operation = "GetCallerIdentity",
                       .params = MW_VAL_ABSENT,
                       .on_page = on_identity,
                       .on_done = on_identity_done,
                       .user = &caller};
    mw_status st;

    if (!wanted || mw_client_replays(s->client))
        return MW_OK;
    if (!s->credentials || mw_client_takes_token(s->client, s->op))
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s: %s:%s goes without keys, so it is not known whose account it is",
                       wanted, mw_service_name(mw_operation_service(s->op)), mw_operation_name(s->op));
    if (!*scope.region)
        scope.region = mw_home_region(scope.partition);
    if ((st = mw_client_call(s->client, &c, err)) != MW_OK || (st = mw_client_run(s->client, err)) != MW_OK)
        return st;
    if (caller.result.status != MW_OK) {
        *err = caller.result.error;
        return mw_error_prefix(err, caller.result.status == MW_ERR_AWS ? MW_ERR_CREDENTIALS : caller.result.status,
                               "%s", wanted);
    }
    if (!*caller.account || !mw_args_chosen(s->args, "account", caller.account))
        return mw_fail(err, MW_ERR_CREDENTIALS, "the credentials belong to account %s, expected %s by %s",
                       *caller.account ? caller.account : "(none)", mw_args_get(s->args, "account"), wanted);
    memcpy(s->account, caller.account, sizeof(s->account));
    s->scope.account = s->account;
    return MW_OK;
}

/* ---- the answer ---- */

static mw_status print_value(session *s, mw_doc_builder *b, mw_val v, mw_error *err)
{
    mw_status st;

    if (s->query && (st = mw_jmespath_eval(s->query, b, v, &v, err)) != MW_OK)
        return mw_error_prefix(err, st, "--query");
    return mw_value_write(&s->text, mw_doc_view(b), v, s->format, mw_operation_name(s->op), err);
}

static bool on_page(void *user, mw_doc_builder *page, mw_val result)
{
    session *s = user;
    mw_status st;

    if (s->waiter) /* the last answer is the one that counts */
        mw_buf_reset(&s->text);
    st = s->merge ? mw_page_merge_add(s->merge, page, result, &s->page_error)
                  : print_value(s, page, result, &s->page_error);

    return st == MW_OK;
}

static void on_done(void *user, const mw_call_result *result)
{
    session *s = user;

    s->result = *result;
}

/* A wait that ended well: its last answer, or {} when that was the error that it waited for. */
static int finish_wait(session *s)
{
    const mw_wait_result *r = mw_wait_outcome(s->wait);
    const mw_call_result *last = &r->last;
    mw_error err = {0};

    if (r->status == MW_ERR_CANCELLED)
        return fail_local(&r->error, -1);
    if (last->status != MW_OK && last->status != MW_ERR_AWS)
        return fail_call(last);
    if (r->status != MW_OK) {
        mw_cli_fail(&r->error);
        print_error("WaiterError", r->error.message,
                    last->status == MW_ERR_AWS ? last->aws.http_status : last->http_status, last->aws.request_id);
        return API_ERROR_EXIT;
    }
    if (last->status == MW_ERR_AWS) {
        mw_buf_reset(&s->text);
        mw_doc_begin_object(s->out);
        mw_doc_end_object(s->out);
        if (print_value(s, s->out, mw_doc_pop(s->out), &err) != MW_OK)
            return fail_local(&err, -1);
    }
    if (s->page_error.status != MW_OK)
        return fail_local(&s->page_error, -1);
    return mw_cli_print(s->text.data, s->text.len, MW_EXIT_OK);
}

static mw_status start(session *s, const mw_call *call, mw_error *err)
{
    return s->waiter ? mw_wait_start(s->client, s->waiter, call, &s->wait_options, &s->wait, err)
                     : mw_client_call(s->client, call, err);
}

static int send(session *s, const mw_call *call)
{
    mw_doc_builder *sum;
    mw_error err = {0};
    mw_val merged;
    mw_status st;

    if ((st = start(s, call, &err)) != MW_OK)
        return fail_local(&err, -1);
    if (mw_client_run(s->client, &err) != MW_OK && s->result.status == MW_OK && !s->wait)
        return fail_local(&err, API_ERROR_EXIT);
    if (mw_client_close(s->client, &err) != MW_OK)
        return fail_local(&err, -1);
    if (s->wait)
        return finish_wait(s);
    if (s->result.status != MW_OK)
        return fail_call(&s->result);
    if (s->page_error.status == MW_OK && s->merge &&
        (st = mw_page_merge_build(s->merge, &sum, &merged, &s->page_error)) == MW_OK)
        print_value(s, sum, merged, &s->page_error);
    if (s->page_error.status != MW_OK)
        return fail_local(&s->page_error, -1);
    return mw_cli_print(s->text.data, s->text.len, MW_EXIT_OK);
}

static int show_request(session *s, const mw_call *call)
{
    mw_error err = {0};
    mw_val v;

    if (mw_client_preview(s->client, call, s->out, &v, &err) != MW_OK || print_value(s, s->out, v, &err) != MW_OK)
        return fail_local(&err, -1);
    return mw_cli_print(s->text.data, s->text.len, MW_EXIT_OK);
}

static mw_status prepare(session *s, mw_cli *cli, mw_call *call, mw_error *err)
{
    const mw_models *models;
    mw_status st;

    if ((st = mw_model_pack_open(s->args, &s->pack, err)) != MW_OK)
        return st;
    models = s->pack.models;
    mw_value_format_named(mw_args_get(s->args, "output"), &s->format);
    if ((st = mw_client_operation(models, call->service, call->operation, &s->op, err)) != MW_OK ||
        (st = read_params(s, err)) != MW_OK || (st = read_query(s, err)) != MW_OK ||
        (st = read_page_size(s, &call->page_size, err)) != MW_OK || (st = read_wait(s, err)) != MW_OK ||
        (st = open_client(s, cli, models, err)) != MW_OK)
        return st;
    if (call->paginate && (st = mw_page_merge_new(s->op, &s->merge, err)) != MW_OK)
        return st;
    if (needs_credentials(s)) {
        const mw_http *http = mw_client_http(s->client);
        const char *name = mw_service_signing_name(mw_operation_service(s->op));

        st = mw_client_takes_token(s->client, s->op)
                 ? mw_provider_bearer(s->config, models, http, name, &s->credentials, err)
                 : mw_provider_chain(s->config, models, http, &s->credentials, err);
        if (st != MW_OK)
            return st;
        s->scope.credentials = s->credentials;
    }
    call->params_doc = s->params ? mw_doc_view(s->params) : NULL;
    call->params = s->params_root;
    return MW_OK;
}

static int run(mw_cli *cli)
{
    MW_AUTO(session) s = {.args = cli->args, .text = {.max = OUTPUT_MAX_BYTES}};
    mw_call call = {
        .scope = &s.scope,
        .service = mw_args_positional(cli->args, 0),
        .operation = mw_args_positional(cli->args, 1),
        .paginate = mw_args_flag(cli->args, "paginate"),
        .validate = true,
        .on_page = on_page,
        .on_done = on_done,
        .user = &s,
    };
    mw_error err = {0};

    if (prepare(&s, cli, &call, &err) != MW_OK)
        return fail_local(&err, -1);
    if (mw_args_flag(cli->args, "dry-run"))
        return show_request(&s, &call);
    if (!mw_operation_changes_nothing(s.op) && !mw_args_flag(cli->args, "write")) {
        mw_fail(&err, MW_ERR_INVALID, "%s:%s may change something; --write lets it through, --dry-run shows it",
                call.service, call.operation);
        return fail_local(&err, MW_EXIT_REFUSED);
    }
    if (check_account(&s, &err) != MW_OK)
        return fail_local(&err, -1);
    return send(&s, &call);
}

static const mw_option options[] = {
    {.name = "params", .value = "JSON", .help = "Parameters, as an object or file://PATH"},
    {.name = "paginate", .help = "Follow the service's paging and print one merged document"},
    {.name = "page-size", .value = "N", .help = "Items in each page, with --paginate"},
    {.name = "query", .value = "JMESPATH", .help = "Print this part of the answer only"},
    {.name = "output",
     .value = "FORMAT",
     .choices = MW_VALUE_FORMATS,
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: json)"},
    {.name = "wait",
     .value = "WAITER",
     .help = "Repeat the call until this waiter of the models is satisfied, then print its last answer"},
    {.name = "wait-delay", .value = "SECONDS", .help = "Pause between two calls, with --wait"},
    {.name = "wait-attempts", .value = "N", .help = "Calls at most, with --wait"},
    {.name = "write", .help = "Let an operation through that may change something"},
    {.name = "dry-run", .help = "Print the request, unsigned, and send nothing"},
    {.name = "no-sign-request", .help = "Send without credentials"},
};

const mw_command mw_command_call = {
    .name = "call",
    .arguments = "SERVICE OPERATION",
    .summary = "Make one AWS API call and print its answer",
    .description = "SERVICE is the name that the AWS SDKs use (ec2, s3, elbv2, config), OPERATION the API's "
                   "own "
                   "(DescribeInstances). The answer has the API's member names; blobs are base64, times ISO "
                   "8601.\n"
                   "\n"
                   "Operations that are not known to change nothing need --write. With --account nothing is sent "
                   "before sts:GetCallerIdentity has said that the credentials are that account's; the exit status "
                   "is 4 otherwise. When the call fails the "
                   "exit "
                   "status is 1 and the last line on stderr is {\"error\":{code, message, status, "
                   "request_id}}. A --wait that fails, or not within its attempts, has the code WaiterError. "
                   "`moonward models show SERVICE OPERATION` tells what can be given and waited for.",
    .examples = "moonward call sts GetCallerIdentity\n"
                "moonward call ec2 DescribeInstances --paginate --query "
                "'Reservations[].Instances[].InstanceId'\n"
                "moonward call s3 GetBucketVersioning --params '{\"Bucket\":\"logs\"}'\n"
                "moonward call ec2 DescribeInstances --wait instance_running --output text --query "
                "'Reservations[].Instances[].[InstanceId,State.Name]'",
    .options = options,
    .option_count = MW_COUNT(options),
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
