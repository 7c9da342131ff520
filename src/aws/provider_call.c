/*
 * One model-driven call for a credential provider: serialise, resolve, sign, send, retry a little,
 * parse. Relies on the same serialiser, endpoint rules, signer and parser as every other call, but
 * not on the client, which itself needs credentials first. Answers hold secrets: neither bodies nor
 * parameters are ever put in a message.
 */
#include "aws/provider_call.h"

#include "aws/clock.h"
#include "aws/endpoint_internal.h"
#include "aws/protocol.h"
#include "aws/retry.h"
#include "aws/sigv4.h"
#include "aws/turns.h"
#include "base/str.h"
#include "base/sys.h"

#include <stdio.h>
#include <string.h>

#define ATTEMPTS          3
#define THROTTLE_ATTEMPTS 8
#define FIRST_DELAY_MS    200
#define MAX_BODY_BYTES    ((size_t)1 << 20)

typedef struct call {
    const mw_http *http;
    const mw_operation *op;
    const mw_credentials *credentials;
    mw_arena arena;
    mw_http_request request;
    mw_sigv4_scope scope;
    const char *region;
    mw_turn turn;
    int attempt;
    int64_t offset_s; /* signed with, against this machine's clock */
    bool corrected;   /* by an answer to this very request */
    mw_provider_call_done done;
    void *user;
} call;

static void send_again(void *user);

static void leave(call *c, mw_outcome outcome, int64_t retry_after_ms, const char *cause)
{
    const mw_turns *turns = c->http->turns;

    if (turns)
        turns->leave(turns->ctx, &c->turn, outcome, retry_after_ms, cause);
}

static void end(call *c, mw_status status, const mw_doc *doc, mw_val result, const char *code, const mw_error *err)
{
    mw_error named = {0};

    if (status != MW_OK) {
        named = *err;
        mw_error_prefix(&named, status, "%s", mw_operation_name(c->op));
    }
    c->done(c->user, status, doc, result, code, &named);
    mw_arena_clear(&c->arena);
    mw_free(c);
}

static void give_up(call *c, mw_status status, const char *code, const mw_error *err)
{
    end(c, status, NULL, MW_VAL_ABSENT, code, err);
}

static bool retry(call *c, mw_status status, const mw_aws_error *aws, int64_t retry_after_ms)
{
    int64_t delay = (int64_t)FIRST_DELAY_MS << c->attempt;
    mw_retry_class class = mw_retry_classify(c->op, status, aws);

    if (class == MW_RETRY_NEVER || c->attempt >= (class == MW_RETRY_THROTTLE ? THROTTLE_ATTEMPTS : ATTEMPTS))
        return false;
    if (delay < retry_after_ms)
        delay = retry_after_ms;
    return c->http->after(c->http->ctx, delay, send_again, c, NULL) == MW_OK;
}

/* Refused for its time: once more with the answer's, at once. */
static bool correct_clock(call *c, const mw_aws_error *aws, const mw_http_response *response)
{
    if (c->corrected || !c->credentials || !mw_clock_corrected(aws->code, response, mw_now_unix(), &c->offset_s))
        return false;
    c->corrected = true;
    return c->http->after(c->http->ctx, 0, send_again, c, NULL) == MW_OK;
}

static mw_outcome outcome_of(const call *c, mw_status st, const mw_aws_error *aws, int status)
{
    if (st != MW_ERR_AWS)
        return MW_OUTCOME_ANSWERED;
    if (status == 429 || mw_retry_classify(c->op, st, aws) == MW_RETRY_THROTTLE)
        return MW_OUTCOME_THROTTLED;
    return status >= 500 ? MW_OUTCOME_BROKEN : MW_OUTCOME_ANSWERED;
}

static void answered(void *user, const mw_http_response *response, const mw_error *error)
{
    call *c = user;
    mw_doc_options options = {.max_bytes = MAX_BODY_BYTES * 4, .secret = true};
    mw_doc_builder *b = NULL;
    mw_aws_error aws = {0};
    mw_error err = {0};
    mw_val result = MW_VAL_ABSENT;
    mw_status st;

    if (!response) {
        st = error && error->status != MW_OK ? error->status : MW_ERR_NET;
        leave(c, st == MW_ERR_CANCELLED ? MW_OUTCOME_NONE : MW_OUTCOME_FAILED, -1,
              error ? error->message : "no answer");
        if (!retry(c, st, &aws, -1)) {
            mw_fail(&err, st, "%s: %s", c->request.host, error ? error->message : "no answer");
            give_up(c, st, "", &err);
        }
        return;
    }
    st = mw_doc_builder_new(&options, &b, &err);
    if (st == MW_OK)
        st = mw_protocol_parse(c->op, response, b, &result, &aws, &err);
    leave(c, outcome_of(c, st, &aws, response->status), mw_retry_after_ms(response), aws.code);
    if (st == MW_OK) {
        if (c->credentials && c->http->clocks)
            mw_clocks_learn(c->http->clocks, c->request.host, c->offset_s);
        end(c, MW_OK, mw_doc_view(b), result, "", NULL);
    } else if (!correct_clock(c, &aws, response) && !retry(c, st, &aws, mw_retry_after_ms(response))) {
        if (st == MW_ERR_AWS) {
            /* What AWS refuses here stays a credential problem for whoever waits for it. */
            st = mw_fail(&err, MW_ERR_CREDENTIALS, "%s: %s", aws.code, *aws.message ? aws.message : "no message");
        } else if (st == MW_ERR_PARSE) {
            st = mw_fail(&err, MW_ERR_CREDENTIALS, "%s: the answer could not be read", c->request.host);
        }
        give_up(c, st, aws.code, &err);
    }
    mw_doc_builder_free(b);
}

static mw_status send_once(call *c, mw_error *err)
{
    mw_http_limits limits = {.max_body_bytes = MAX_BODY_BYTES};
    mw_status st;

    c->attempt++;
    if (c->credentials) {
        if (c->http->clocks && !c->corrected)
            c->offset_s = mw_clocks_offset(c->http->clocks, c->request.host);
        st = mw_sigv4_sign(&c->request, c->credentials, &c->scope, mw_now_unix() + c->offset_s, NULL, err);
        if (st != MW_OK)
            return st;
    }
    return c->http->send(c->http->ctx, &c->request, &limits, answered, c, err);
}

/** Its turn has come, or never will. */
static void go(void *user, const mw_error *why)
{
    call *c = user;
    mw_error err = {0};
    mw_status st = MW_OK;

    if (why)
        st = mw_fail(&err, why->status, "%s: %s", c->request.host, why->message);
    else if ((st = send_once(c, &err)) != MW_OK)
        leave(c, MW_OUTCOME_NONE, -1, NULL);
    if (st != MW_OK)
        give_up(c, st, "", &err);
}

static void send_again(void *user)
{
    call *c = user;
    const mw_turns *turns = c->http->turns;
    mw_error err = {0};
    mw_status st;

    if (!turns) {
        go(c, NULL);
        return;
    }
    c->turn.go = go;
    c->turn.user = c;
    st = turns->enter(turns->ctx, &c->turn, c->op, c->region, c->request.host, c->attempt > 0, &err);
    if (st != MW_OK)
        give_up(c, st, "", &err);
}

/* Text parameters become what the model says; numbers are written as digits. */
static mw_status build_params(const mw_provider_call *spec, const mw_shape *input, mw_doc_builder *b, mw_val *out,
                              mw_error *err)
{
    mw_doc_begin_object(b);
    if (spec->inside) {
        const mw_member *m = input ? mw_shape_member(input, spec->inside, strlen(spec->inside)) : NULL;

        input = m ? mw_member_shape(m) : NULL;
        mw_doc_ckey(b, spec->inside);
        mw_doc_begin_object(b);
    }
    for (size_t i = 0; i < spec->param_count; i++) {
        const char *name = spec->params[i][0], *text = spec->params[i][1];
        const mw_member *m = input ? mw_shape_member(input, name, strlen(name)) : NULL;
        mw_shape_type type = m ? mw_shape_type_of(mw_member_shape(m)) : MW_SHAPE_STRING;
        long long number;

        if (!text)
            continue;
        if ((type == MW_SHAPE_INTEGER || type == MW_SHAPE_LONG) && mw_parse_int(text, strlen(text), &number))
            mw_doc_member_int(b, name, number);
        else
            mw_doc_member_str(b, name, text);
    }
    if (spec->inside)
        mw_doc_end_object(b);
    mw_doc_end_object(b);
    *out = mw_doc_pop(b);
    return mw_doc_builder_status(b, err);
}

static mw_status prepare(call *c, const mw_provider_call *spec, mw_error *err)
{
    mw_doc_builder *b = NULL;
    bool s3 = strcmp(spec->service, "s3") == 0;
    mw_serialize_options options = {.strip_bucket = s3};
    mw_endpoint_request q = {
        .operation = c->op, .region = spec->region, .config = spec->config, .endpoint_url = spec->endpoint_url};
    mw_endpoint endpoint;
    const char *host_prefix = NULL;
    mw_status st = mw_doc_builder_new(&mw__secret_doc, &b, err);

    if (st != MW_OK)
        return st;
    q.params_doc = mw_doc_view(b);
    c->request.arena = &c->arena;
    if ((st = build_params(spec, mw_operation_input(c->op), b, &q.params, err)) != MW_OK ||
        (st = mw_protocol_serialize(c->op, q.params_doc, q.params, &options, &c->request, &host_prefix, err)) !=
            MW_OK ||
        (st = mw_endpoint_resolve(&q, &c->arena, &endpoint, err)) != MW_OK)
        goto out;
    c->request.scheme = endpoint.scheme;
    c->request.host = endpoint.host;
    c->request.port = endpoint.port;
    c->request.path = *endpoint.path
                          ? mw_arena_printf(&c->arena, "%s%s", endpoint.path, c->request.path ? c->request.path : "/")
                          : c->request.path;
    c->scope = (mw_sigv4_scope){.region = endpoint.signing_region,
                                .service = endpoint.signing_name,
                                .single_encode = endpoint.single_encode,
                                .no_normalize = s3,
                                .content_sha256_header = s3};
    for (size_t i = 0; i < endpoint.headers.count && st == MW_OK; i++)
        st = mw_http_add(&c->arena, &c->request.headers, endpoint.headers.items[i].name,
                         endpoint.headers.items[i].value, err);
    if (st == MW_OK && !c->request.path)
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if (st == MW_OK && spec->adorn)
        st = spec->adorn(spec->user, &c->request, err);
out:
    mw_doc_builder_free(b);
    return st;
}

mw_status mw__provider_call_start(const mw_provider_call *spec, mw_error *err)
{
    const mw_service *service = mw_models_service(spec->models, spec->service);
    const mw_operation *op = service ? mw_service_operation(service, spec->operation) : NULL;
    call *c;
    mw_status st;

    if (!op)
        return mw_fail(err, MW_ERR_UNSUPPORTED, "the models of botocore %s lack %s %s",
                       mw_models_botocore_version(spec->models), spec->service, spec->operation);
    c = mw_alloc(sizeof(*c));
    if (!c)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    c->http = spec->http;
    c->op = op;
    c->credentials = spec->credentials;
    c->done = spec->done;
    c->user = spec->user;
    st = prepare(c, spec, err);
    if (st == MW_OK && !(c->region = mw_arena_strdup(&c->arena, spec->region ? spec->region : "")))
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if (st == MW_OK && c->http->turns) {
        /* From the loop: whoever asks may be in the middle of the client's own turns. */
        st = c->http->after(c->http->ctx, 0, send_again, c, err);
    } else if (st == MW_OK) {
        st = send_once(c, err);
    }
    if (st != MW_OK) {
        mw_error_prefix(err, st, "%s", spec->operation);
        mw_arena_clear(&c->arena);
        mw_free(c);
    }
    return st;
}

bool mw__is_stale_credentials_code(const char *code)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId",
                                        "UnrecognizedClientException", "RequestExpired"};

    return mw_str_among(code, codes, MW_COUNT(codes));
}

mw_status mw__credentials_from_sts(const mw_doc *doc, mw_val result, const char *source, mw_credentials *out,
                                   mw_error *err)
{
    mw_val c = mw_val_get(doc, result, "Credentials");
    const char *key = mw_val_get_str(doc, c, "AccessKeyId", NULL);
    const char *secret = mw_val_get_str(doc, c, "SecretAccessKey", NULL);
    const char *token = mw_val_get_str(doc, c, "SessionToken", NULL);
    const char *expiration = mw_val_get_str(doc, c, "Expiration", NULL);
    int64_t expires = 0;
    char account[13];
    mw_status st;

    if (!key || !secret || !token || !expiration)
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s: the answer lacks credentials", source);
    mw__account_of_arn(mw_val_str(doc, mw_val_path(doc, result, "AssumedRoleUser.Arn"), NULL), account);
    if ((st = mw__credentials_expiry(expiration, source, &expires, err)) != MW_OK)
        return st;
    st = mw__credentials_set(out, key, secret, token, account, expires, err);
    return st == MW_OK ? st : mw_error_prefix(err, st, "%s", source);
}

void mw__account_of_arn(const char *arn, char out[13])
{
    out[0] = '\0';
    for (int i = 0; arn && i < 4; i++) {
        arn = strchr(arn, ':');
        if (arn)
            arn++;
    }
    if (arn && strspn(arn, "0123456789") == 12 && arn[12] == ':') {
        memcpy(out, arn, 12);
        out[12] = '\0';
    }
}

/* ---- regions of STS ---- */

/*
 * Models older than implicitGlobalRegion (2023) list a partition's regions, without saying which is the main one: any
 * true region of it will do, STS being everywhere. None for the first partition, whose list begins with one to opt into.
 */
static const char *listed_region(const mw_doc *d, mw_val partition)
{
    mw_val regions = mw_val_get(d, partition, "regions");
    const char *pattern = mw_val_get_str(d, partition, "regionRegex", NULL);

    for (size_t i = 0; pattern && i < mw_val_len(d, regions); i++) {
        mw_val name = MW_VAL_ABSENT;
        mw_val_member(d, regions, i, &name);
        const char *region = mw_val_str(d, name, NULL);
        if (region && mw__partition_regex(pattern, region))
            return region;
    }
    return NULL;
}

const char *mw__sts_region(const mw_aws_config *config, const mw_models *models, const char *region,
                           const char *role_arn)
{
    const mw_doc *d = mw_models_doc(models);
    mw_val list = mw_val_get(d, mw_models_partitions(models), "partitions");
    const char *partition = mw_str_starts(role_arn, "arn:") ? role_arn + 4 : "";

    if (!region && config)
        region = mw_aws_config_region(config);
    for (size_t i = 0; !region && i < mw_val_len(d, list); i++) {
        mw_val p = mw_val_at(d, list, i);
        const char *id = mw_val_get_str(d, p, "id", "");
        size_t n = strlen(id);

        if (strncmp(partition, id, n) != 0 || partition[n] != ':')
            continue;
        region = mw_val_get_str(d, mw_val_get(d, p, "outputs"), "implicitGlobalRegion", NULL);
        if (!region && i > 0)
            region = listed_region(d, p);
        break;
    }
    return region ? region : "us-east-1";
}
