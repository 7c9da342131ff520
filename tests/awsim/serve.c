/*
 * From a request to an answer: who asks, which operation, throttled or not, faulty or not, and the
 * frame that the protocol puts around the operation's own text.
 *
 * An operation writes its members only. Errors have the codes and shapes that AWS gives them in
 * each protocol. A fault that refuses comes before the effect, one that spoils comes after it; what
 * happens on the wire is left to net.c.
 */
#include "awsim.h"

#include "base/hash.h"
#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>

void fail(struct call *c, int status, const char *code, const char *message, const char *what)
{
    c->status = status;
    c->code = code;
    snprintf(c->message, sizeof c->message, "%s%s", message, what);
}

const char *token_for(struct call *c, char out[TOKEN_SIZE], uint64_t next)
{
    if (c->repeat_token && c->sent_token.len && c->sent_token.len < TOKEN_SIZE) {
        snprintf(out, TOKEN_SIZE, "%.*s", (int)c->sent_token.len, c->sent_token.data);
        return out;
    }
    uint64_t place = (uint64_t)c->account << 8 | c->region;
    uint64_t op = mw_hash64(c->operation, strlen(c->operation));
    uint64_t mac = mix64(c->world->seed ^ mix64(place ^ mix64(op ^ next)));
    snprintf(out, TOKEN_SIZE, "aw%010llx%016llx", (unsigned long long)next, (unsigned long long)mac);
    return out;
}

struct page page_of(struct call *c, mw_str token, mw_str size, unsigned least, unsigned most, unsigned otherwise,
                    const char *code)
{
    struct page p = {.size = otherwise};
    long long n = str_number(size, otherwise);
    if (n < (long long)least || n > (long long)most) {
        char range[96];
        snprintf(range, sizeof range, "%u and %u", least, most);
        fail(c, 400, c->protocol == P_EC2 ? "InvalidParameterValue" : "ValidationError",
             "Value for the page size must be between ", range);
        return p;
    }
    p.size = (uint64_t)n;
    if (token.data) {
        char text[20], again[TOKEN_SIZE];
        bool repeat = c->repeat_token;
        if (token.len == 28) {
            memcpy(text, token.data + 2, 10);
            text[10] = '\0';
            p.from = strtoull(text, NULL, 16);
        }
        c->repeat_token = false;
        if (!str_is(token, token_for(c, again, p.from))) {
            fail(c, 400, code, "The pagination token is not one that this list gave out", "");
            return p;
        }
        c->repeat_token = repeat;
        c->sent_token = token;
    }
    p.good = true;
    return p;
}

/* ---- protocols ------------------------------------------------------------------------------------ */

static const char *query_namespace(const char *service)
{
    if (strcmp(service, "iam") == 0)
        return "https://iam.amazonaws.com/doc/2010-05-08/";
    if (strcmp(service, "sts") == 0)
        return "https://sts.amazonaws.com/doc/2011-06-15/";
    return "http://rds.amazonaws.com/doc/2014-10-31/";
}

static void open_frame(struct call *c)
{
    if (c->protocol == P_QUERY)
        say(c->out, "<$sResponse xmlns=\"$s\"><$sResult>", S(c->operation), S(query_namespace(c->service)),
            S(c->operation));
    else if (c->protocol == P_EC2)
        say(c->out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<$sResponse xmlns=\"http://ec2.amazonaws.com/"
            "doc/2016-11-15/\"><requestId>aws1m000-0000-4000-$2$2-$h</requestId>",
            S(c->operation), U(c->serial >> 8), U(c->serial), U(c->serial));
}

static void close_frame(struct call *c)
{
    if (c->protocol == P_QUERY)
        say(c->out,
            "</$sResult><ResponseMetadata><RequestId>aws1m000-0000-4000-8000-$h</RequestId>"
            "</ResponseMetadata></$sResponse>",
            S(c->operation), U(c->serial), S(c->operation));
    else if (c->protocol == P_EC2)
        say(c->out, "</$sResponse>", S(c->operation));
}

static void cbor_put(mw_buf *out, const char *s)
{
    size_t n = strlen(s);
    if (n < 24)
        (void)mw_buf_putc(out, (char)(0x60 + n));
    else
        (void)mw_buf_add(out, (const char[]){0x78, (char)n}, 2, NULL);
    (void)mw_buf_puts(out, s);
}

static void write_error(struct call *c, struct reply *reply)
{
    mw_buf_reset(c->out);
    mw_buf_reset(&c->head);
    const char *fault = c->status < 500 ? "Sender" : "Receiver";
    switch (c->protocol) {
    case P_EC2:
        say(c->out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>$x</Code>"
            "<Message>$x</Message></Error></Errors><RequestID>aws1m000-$h</RequestID></Response>",
            S(c->code), S(c->message), U(c->serial));
        break;
    case P_QUERY:
        say(c->out,
            "<ErrorResponse xmlns=\"$s\"><Error><Type>$s</Type><Code>$x</Code><Message>$x</Message>"
            "</Error><RequestId>aws1m000-$h</RequestId></ErrorResponse>",
            S(query_namespace(c->service)), S(fault), S(c->code), S(c->message), U(c->serial));
        break;
    case P_REST_XML:
        if (str_is(c->request->method, "HEAD"))
            break;
        if (strcmp(c->service, "s3control") == 0)
            say(c->out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse><Error><Code>$x</Code>"
                "<Message>$x</Message></Error><RequestId>$h</RequestId></ErrorResponse>",
                S(c->code), S(c->message), U(c->serial));
        else
            say(c->out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>$x</Code><Message>$x</Message>"
                "$s<RequestId>$h</RequestId><HostId>awsim</HostId></Error>",
                S(c->code), S(c->message), S(c->keep.len ? c->keep.data : ""), U(c->serial));
        break;
    case P_CBOR:
        (void)mw_buf_putc(c->out, (char)0xa2);
        cbor_put(c->out, "__type");
        cbor_put(c->out, c->code);
        cbor_put(c->out, "message");
        cbor_put(c->out, c->message);
        break;
    case P_REST_JSON:
        say(&c->head, "x-amzn-ErrorType: $s\r\n", S(c->code));
        say(c->out, "{\"Type\":\"$s\",\"message\":\"$j\"}", S(c->status < 500 ? "User" : "Service"), S(c->message));
        break;
    case P_JSON10:
    case P_JSON11:
        say(c->out, "{\"__type\":\"$s$j\",\"message\":\"$j\"}",
            S(c->protocol == P_JSON10 ? "com.amazonaws.awsim#" : ""), S(c->code), S(c->message));
        break;
    }
    reply->status = c->status;
}

static const char *content_type(const struct call *c)
{
    switch (c->protocol) {
    case P_QUERY: return "text/xml";
    case P_EC2: return "text/xml;charset=UTF-8";
    case P_REST_XML: return "application/xml";
    case P_JSON10: return "application/x-amz-json-1.0";
    case P_JSON11: return "application/x-amz-json-1.1";
    case P_REST_JSON: return "application/json";
    case P_CBOR: return "application/cbor";
    }
    return "application/octet-stream";
}

/* ---- routing --------------------------------------------------------------------------------------- */

static const struct operation *const tables[] = {ec2_operations,  iam_operations,  s3_operations,
                                                 json_operations, rest_operations, sqs_operations};

static const struct operation *find(const char *service, const char *name)
{
    for (size_t t = 0; t < MW_COUNT(tables); t++)
        for (const struct operation *o = tables[t]; o->service; o++)
            if (strcmp(o->service, service) == 0 && strcmp(o->name, name) == 0)
                return o;
    return NULL;
}

/* Names of the signature's scope, and ours where the two differ. */
static const char *service_name(mw_str signing)
{
    static const char *const names[][2] = {
        {"ec2", "ec2"},
        {"iam", "iam"},
        {"sts", "sts"},
        {"s3", "s3"},
        {"rds", "rds"},
        {"kms", "kms"},
        {"lambda", "lambda"},
        {"account", "account"},
        {"sqs", "sqs"},
        {"monitoring", "cloudwatch"},
        {"cloudtrail", "cloudtrail"},
        {"tagging", "resourcegroupstaggingapi"},
    };
    for (size_t i = 0; i < MW_COUNT(names); i++)
        if (str_is(signing, names[i][0]))
            return names[i][1];
    return "unknown";
}

static mw_str after_last(mw_str s, char c)
{
    const char *at = s.data ? memrchr(s.data, c, s.len) : NULL;
    return at ? (mw_str){at + 1, (size_t)(s.data + s.len - at - 1)} : s;
}

static const char *keep_name(char out[96], mw_str name)
{
    size_t n = 0; /* goes into templates and statistics: letters and digits only */
    for (size_t i = 0; i < name.len && n < 95; i++) {
        char ch = name.data[i];
        if ((ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9'))
            out[n++] = ch;
    }
    out[n] = '\0';
    return out;
}

static void route(struct call *c, char name[96])
{
    const struct request *r = c->request;
    mw_str target = request_header(r, "x-amz-target");
    mw_str type = request_header(r, "content-type");
    if (request_header(r, "smithy-protocol").data) {
        c->protocol = P_CBOR;
        c->operation = keep_name(name, after_last(r->path, '/'));
        return;
    }
    if (target.data) {
        c->protocol = str_has(type, "json-1.0") ? P_JSON10 : P_JSON11; /* as the client says */
        c->operation = keep_name(name, after_last(target, '.'));
        return;
    }
    bool s3 = strcmp(c->service, "s3") == 0;
    if (s3 || strcmp(c->service, "lambda") == 0 || strcmp(c->service, "account") == 0) {
        c->protocol = s3 ? P_REST_XML : P_REST_JSON;
        if (s3 && r->path.len > 10 && memcmp(r->path.data, "/v20180820", 10) == 0)
            c->service = "s3control";
        if (!params_add(c->params, r->query))
            c->params->count = 0;
        const char *found = s3 ? s3_route(c) : rest_route(c);
        c->operation = found ? found : keep_name(name, c->request->method);
        return;
    }
    c->protocol = strcmp(c->service, "ec2") == 0 ? P_EC2 : P_QUERY;
    if (!params_add(c->params, r->body) || !params_add(c->params, r->query))
        c->params->count = 0;
    c->operation = keep_name(name, param(c->params, "Action"));
}

static void unknown_operation(struct call *c)
{
    switch (c->protocol) {
    case P_QUERY:
    case P_EC2:
        if (!*c->operation)
            fail(c, 400, "MissingAction", "The request is missing an action", "");
        else
            fail(c, 400, "InvalidAction", "The action is not valid for this web service: ", c->operation);
        return;
    case P_REST_XML:
        fail(c, 405, "MethodNotAllowed", "The specified method is not allowed against this resource.", "");
        return;
    case P_REST_JSON:
    case P_CBOR: fail(c, 404, "UnknownOperationException", "Unknown operation ", c->operation); return;
    case P_JSON10:
    case P_JSON11: fail(c, 400, "UnknownOperationException", "Unknown operation ", c->operation); return;
    }
}

/* ---- refusals --------------------------------------------------------------------------------------- */

static bool json_like(const struct call *c)
{
    return c->protocol >= P_JSON10;
}

static void refuse_credential(struct call *c, const struct credential *who)
{
    const char *p = who->problem, *code;
    bool s3 = strcmp(c->service, "s3") == 0 || strcmp(c->service, "s3control") == 0;
    bool ec2 = c->protocol == P_EC2, json = json_like(c);
    int status = json ? 400 : ec2 ? 401 : 403;
    if (strcmp(p, "missing") == 0)
        code = s3 ? "AccessDenied" : json ? "MissingAuthenticationTokenException" : "MissingAuthenticationToken";
    else if (strcmp(p, "incomplete") == 0)
        code = s3 ? "AuthorizationHeaderMalformed" : json ? "IncompleteSignatureException" : "IncompleteSignature";
    else if (strcmp(p, "unknown") == 0)
        code = s3     ? "InvalidAccessKeyId"
               : ec2  ? "AuthFailure"
               : json ? "UnrecognizedClientException"
                      : "InvalidClientTokenId";
    else if (strcmp(p, "expired") == 0)
        code = s3 ? "ExpiredToken" : ec2 ? "RequestExpired" : json ? "ExpiredTokenException" : "ExpiredToken";
    else if (strcmp(p, "skew") == 0)
        code = s3     ? "RequestTimeTooSkewed"
               : ec2  ? "RequestExpired"
               : json ? "InvalidSignatureException"
                      : "SignatureDoesNotMatch";
    else if (strcmp(p, "payload") == 0)
        code = s3 ? "XAmzContentSHA256Mismatch" : "SignatureDoesNotMatch";
    else
        code = ec2 ? "AuthFailure" : json ? "InvalidSignatureException" : "SignatureDoesNotMatch";
    fail(c, status, code,
         s3 && strcmp(p, "skew") == 0 ? "The difference between the request time and the current time is too large."
                                      : who->message,
         "");
}

static void refuse_throttled(struct call *c)
{
    if (c->protocol == P_EC2)
        fail(c, 503, "RequestLimitExceeded", "Request limit exceeded.", "");
    else if (c->protocol == P_REST_XML)
        fail(c, 503, "SlowDown", "Please reduce your request rate.", "");
    else if (strcmp(c->service, "lambda") == 0)
        fail(c, 429, "TooManyRequestsException", "Rate exceeded", "");
    else if (json_like(c))
        fail(c, c->protocol == P_REST_JSON ? 429 : 400, "ThrottlingException", "Rate exceeded", "");
    else
        fail(c, 400, "Throttling", "Rate exceeded", "");
}

static void refuse_denied(struct call *c)
{
    char what[240];
    snprintf(what, sizeof what, "%s is not authorized to perform: %s:%s", c->caller,
             strcmp(c->service, "s3control") == 0 ? "s3" : c->service, c->operation);
    if (c->protocol == P_EC2)
        fail(c, 403, "UnauthorizedOperation", "You are not authorized to perform this operation. User: ", what);
    else
        fail(c, json_like(c) && c->protocol != P_REST_JSON ? 400 : 403,
             json_like(c) ? "AccessDeniedException" : "AccessDenied", "User: ", what);
}

static void refuse_by(struct call *c, const struct fault *f)
{
    if (f->kind == FAULT_DENIED) {
        refuse_denied(c);
    } else if (f->status == 429 && !f->code[0]) {
        refuse_throttled(c);
        c->status = 429;
    } else {
        const char *code = f->code[0]         ? f->code
                           : f->status == 503 ? (c->protocol == P_EC2 ? "Unavailable" : "ServiceUnavailable")
                           : f->status >= 500 ? (c->protocol == P_EC2 ? "InternalError" : "InternalFailure")
                                              : "ValidationError";
        fail(c, f->status, code, f->message[0] ? f->message : "A fault of the script", "");
    }
}

/* ---- one call --------------------------------------------------------------------------------------- */

static void identify(struct call *c, const struct credential *who)
{
    c->account = who->account;
    account_id(c->account_id, c->account);
    if (who->temporary) {
        snprintf(c->caller, sizeof c->caller, "arn:aws:sts::%s:assumed-role/role-0/%s", c->account_id, who->session);
        snprintf(c->caller_id, sizeof c->caller_id, "AROAMW0000000000000:%.40s", who->session);
    } else {
        snprintf(c->caller, sizeof c->caller, "arn:aws:iam::%s:user/awsim", c->account_id);
        snprintf(c->caller_id, sizeof c->caller_id, "AIDAMW00%s", c->account_id);
    }
}

static bool locate(struct call *c, const struct credential *who)
{
    bool global = strcmp(c->service, "iam") == 0 || strcmp(c->service, "sts") == 0 ||
                  strcmp(c->service, "account") == 0 || strncmp(c->service, "s3", 2) == 0;
    int r = world_region(c->world, who->region);
    c->region = r < 0 ? 0 : (unsigned)r;
    c->region_name = c->world->region[c->region];
    return r >= 0 || (global && str_is(who->region, "us-east-1"));
}

static void run(struct call *c, const struct fault *fault)
{
    const struct operation *o = find(c->service, c->operation);
    if (!o) {
        unknown_operation(c);
        return;
    }
    c->service = o->service;
    c->operation = o->name; /* outlives the call: the ledger keeps it */
    c->repeat_token = fault && fault->kind == FAULT_TOKEN;
    open_frame(c);
    o->run(c);
    if (!c->code)
        close_frame(c);
    if (mw_buf_status(c->out, NULL) != MW_OK)
        fail(c, 500, "InternalFailure", "the answer is larger than the test server allows", "");
}

void serve(struct server *s, const struct request *r, struct reply *reply, bool late)
{
    static struct params params; /* 20 KB of pointers: kept between calls, never shared by two */
    struct credential who;
    struct call c = {.world = &s->world, .request = r, .params = &params, .out = &reply->body};
    char name[96];
    params.count = 0;
    mw_buf_reset(&params.text);
    params.text.max = c.keep.max = 4 << 20;
    c.serial = ++s->serial;
    credential_read(&who, &s->world, r);
    c.service = service_name(who.service);
    identify(&c, &who);
    route(&c, name);
    bool here = locate(&c, &who);
    c.now = mw_now_unix() + s->skew;
    c.status = 200;
    s->requests++;
    reply->first_effect = effects_count();

    const struct fault *fault = late ? NULL : fault_for(&s->world, &c);
    reply->wire = fault ? *fault : (struct fault){.kind = FAULT_NONE};
    reply->skew = s->skew;
    if (fault && fault->kind == FAULT_SKEW) {
        c.now += fault->seconds;
        reply->skew += fault->seconds;
    }
    s->faulted += fault != NULL;
    if (s->verify)
        credential_verify(&who, &s->world, r, c.now);
    const char *outcome = "ok";
    if (who.problem && (s->verify || strcmp(who.problem, "missing") == 0 || !who.key.data)) {
        refuse_credential(&c, &who);
        s->refused++;
        outcome = "refused";
    } else if (!here) {
        refuse_credential(&c,
                          &(struct credential){.problem = "unknown",
                                               .message = "The security token included in the request is invalid."});
        outcome = "refused";
    } else if (!late && !throttle_take(c.service, c.operation, c.account, c.region)) {
        refuse_throttled(&c);
        s->throttled++;
        outcome = "throttled";
    } else {
        identify(&c, &who);
        bool refuses = fault && (fault->kind == FAULT_ERROR || fault->kind == FAULT_DENIED);
        bool skips = fault && ((fault->before && fault->kind != FAULT_DELAY) || fault->kind == FAULT_LATE);
        if (!skips)
            run(&c, fault);
        if (refuses)
            refuse_by(&c, fault);
        outcome = c.code ? "error" : "ok";
        if (fault)
            outcome = "faulted";
    }
    reply->status = c.status;
    reply->type = content_type(&c);
    if (c.code) {
        write_error(&c, reply);
        s->errors++;
    }
    if (late)
        effect_answered(reply->first_effect, "late");
    if (reply->wire.kind != FAULT_NONE && reply->wire.kind != FAULT_DELAY && reply->wire.kind != FAULT_SKEW)
        effect_answered(reply->first_effect, "fault");
    stats_count(c.service, c.operation, outcome);
    if (c.protocol == P_CBOR)
        text(&reply->head, "smithy-protocol: rpc-v2-cbor\r\n");
    say(&reply->head, "$s: aws1m000-0000-4000-8000-$h\r\n",
        S(c.protocol == P_REST_XML ? "x-amz-request-id" : "x-amzn-RequestId"), U(c.serial));
    if (c.head.len)
        (void)mw_buf_add(&reply->head, c.head.data, c.head.len, NULL);
    mw_buf_clear(&c.head);
    mw_buf_clear(&c.keep);
}
