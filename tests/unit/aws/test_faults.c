/* What a client makes of a server that breaks, lies, drips or floods: real sockets, one row a fault. */
#include "../../support/support.h"

#include "aws/client.h"
#include "base/mem.h"
#include "fault_server.h"

#include <malloc.h>
#include <sys/resource.h>
#include <time.h>

static const mw_models *models;
static fault_server server;

#define OK_XML                                                                                                         \
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>"                              \
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"

static void say(int fd, const char *status, const char *more, const char *body, size_t len)
{
    char head[512];

    snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status, len, more);
    fault_puts(fd, head);
    (void)fault_send(fd, body, len);
}

#define IS(text)                (strcmp(name, text) == 0)
#define SAY(status, more, body) say(fd, status, more, body, strlen(body))

static void date_header(char out[64], int64_t offset_s)
{
    time_t t = time(NULL) + offset_s;
    struct tm tm;

    strftime(out, 64, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&t, &tm));
}

/** The clock of this server is an hour ahead, and it says so until it is believed. */
static bool skewed(int fd, const char *request)
{
    const char *date = strcasestr(request, "x-amz-date: ");
    time_t t = time(NULL) + 3600;
    char header[64], hour[16];
    struct tm tm;

    strftime(hour, sizeof(hour), "%Y%m%dT%H", gmtime_r(&t, &tm));
    date_header(header, 3600);
    if (date && strncmp(date + 12, hour, 11) == 0)
        SAY("200 OK", header, OK_XML);
    else
        SAY("403 Forbidden", header,
            "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature "
            "expired</Message></Error></ErrorResponse>");
    return true;
}

static void flood(int fd, const char *head, size_t bytes)
{
    static char block[64 << 10];

    memset(block, 'x', sizeof(block));
    fault_puts(fd, head);
    for (size_t n = 0; n < bytes; n += sizeof(block))
        if (!fault_send(fd, block, sizeof(block)))
            return;
}

static void drip(int fd, const char *text)
{
    for (; *text && fault_send(fd, text, 1); text++)
        usleep(50000);
}

/** One line or chunk again and again, for as long as anybody listens. */
static void pour(int fd, const char *head, const char *again)
{
    fault_puts(fd, head);
    while (fault_send(fd, again, strlen(again)))
        ;
}

/** A gzip member of a GiB of zeros in 7 MB: fixed Huffman codes, runs of 258 bytes from one byte
 * back. */
static void gzip_bomb(int fd)
{
    static const char head[] = "\x1F\x8B\x08\0\0\0\0\0\0\xFF";
    static const char run[] = "11000101"
                              "00000";    /* length 258, distance 1: 13 bits */
    static unsigned char bits[13 * 1024]; /* eight runs take 13 bytes */
    size_t at = 0;

    fault_puts(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
    (void)fault_send(fd, head, sizeof(head) - 1);
    (void)fault_send(fd, "\x63\x18", 2); /* the block begins; two zeros, to be at a byte's edge */
    memset(bits, 0, sizeof(bits));
    for (; at < 8 * sizeof(bits); at++)
        bits[at / 8] |= (unsigned char)((run[at % 13] == '1') << (at % 8));
    for (size_t n = 0; n < ((size_t)1 << 30) / 258 / 8 / 1024; n++)
        if (!fault_send(fd, (const char *)bits, sizeof(bits)))
            return;
}

/** A good answer, and what the next one on this connection would like to be. */
static void dirty_end(int fd, bool at_once)
{
    static const char forged[] = "HTTP/1.1 200 OK\r\nContent-Length: 145\r\n\r\n"
                                 "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>666666666666</Account>"
                                 "</GetCallerIdentityResult></GetCallerIdentityResponse>       ";
    char text[1024];

    snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s%s", strlen(OK_XML), OK_XML,
             at_once ? forged : "");
    fault_puts(fd, text);
    if (!at_once) {
        usleep(50000);
        fault_puts(fd, forged);
    }
}

/** Floods and lies that are more than a fixed text; false: none of that name. */
static bool flooded(int fd, const char *name)
{
    char chunk[6 + 0x4000 + 3];

    if (IS("gigabyte"))
        flood(fd, "HTTP/1.1 200 OK\r\n\r\n", (size_t)1 << 30);
    else if (IS("gigabyte-said"))
        flood(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", (size_t)1 << 30);
    else if (IS("gigabyte-error"))
        flood(fd, "HTTP/1.1 500 Oops\r\n\r\n", (size_t)1 << 30);
    else if (IS("gzip-bomb"))
        gzip_bomb(fd);
    else if (IS("endless-chunks")) {
        memset(chunk, 'x', sizeof(chunk) - 1);
        memcpy(chunk, "4000\r\n", 6);
        memcpy(chunk + sizeof(chunk) - 3, "\r\n", 3);
        pour(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk);
    } else if (IS("endless-extension"))
        pour(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1",
             ";extension=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    else if (IS("endless-trailers"))
        pour(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
             "X-Trailer: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    else if (IS("endless-line"))
        pour(fd, "HTTP/1.1 200 OK\r\nX-Long: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    else if (IS("endless-status"))
        pour(fd, "HTTP/1.1 200 ", "OKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOK");
    else if (IS("1xx-storm"))
        pour(fd, "", "HTTP/1.1 102 Processing\r\n\r\n");
    else if (IS("1xx-headers"))
        pour(fd, "HTTP/1.1 103 Early Hints\r\n", "Link: </x>; rel=preload\r\n");
    else if (IS("loris-head"))
        drip(fd, "HTTP/1.1 200 OK\r\nX-Slow: "
                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
    else if (IS("loris-body"))
        drip(fd, "HTTP/1.1 200 OK\r\nContent-Length: "
                 "100\r\n\r\n<GetCallerIdentityResponse><GetCallerIdentityResult>");
    else if (IS("loris-1xx"))
        drip(fd, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 "
                 "Continue\r\n\r\n");
    else
        return false;
    return true;
}

/** The fault is the first part of the path: the endpoint's own. */
static bool answer(int fd, const char *request)
{
    static const char cut_cbor[] = "\xBFmAllocations\x9F\xA1"; /* ends in the middle of a map */
    char name[32] = "", line[64];

    sscanf(request, "%*15s /%31[^/ ?]", name);
    if (flooded(fd, name))
        return false;
    if (IS("dirty-now") || IS("dirty-later")) {
        dirty_end(fd, IS("dirty-now"));
        return true;
    }
    if (IS("fine")) {
        SAY("200 OK", "", OK_XML);
        return true;
    }
    if (IS("skew"))
        return skewed(fd, request);
    if (IS("500"))
        SAY("500 Oops", "",
            "<ErrorResponse><Error><Code>InternalFailure</Code><Message>m</Message></Error></ErrorResponse>");
    else if (IS("503"))
        SAY("503 Busy", "", "");
    else if (IS("503-html"))
        SAY("503 Busy", "Content-Type: text/html\r\n", "<html><body>proxy says no</body></html>");
    else if (IS("429"))
        SAY("429 Slow", "x-amz-retry-after: 1\r\n",
            "{\"__type\":\"com.amazonaws#ThrottlingException\",\"message\":\"slow\"}");
    else if (IS("429-bare"))
        SAY("429 Slow", "", "");
    else if (IS("broken-xml"))
        SAY("200 OK", "", "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1234");
    else if (IS("entities"))
        SAY("200 OK", "",
            "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\">]><GetCallerIdentityResponse>&b;</GetCallerIdentityResponse>");
    else if (IS("html"))
        SAY("200 OK", "Content-Type: text/html\r\n", "<html><p>Welcome to the airport's network<br></html>");
    else if (IS("empty"))
        SAY("200 OK", "", "");
    else if (IS("broken-json"))
        SAY("200 OK", "", "{\"TableNames\":[\"a\",");
    else if (IS("deep-json"))
        flood(fd, "HTTP/1.1 200 OK\r\n\r\n{\"TableNames\":[[[[[[[[[[", 0);
    else if (IS("wrong-json"))
        SAY("200 OK", "", "\"a string\"");
    else if (IS("broken-cbor"))
        say(fd, "200 OK", "smithy-protocol: rpc-v2-cbor\r\nContent-Type: application/cbor\r\n", cut_cbor,
            sizeof(cut_cbor) - 1);
    else if (IS("long"))
        fault_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" OK_XML);
    else if (IS("behind"))
        fault_puts(fd, "HTTP/1.1 200 OK\r\n\r\n" OK_XML "<Account>666666666666</Account>");
    else if (IS("no-number"))
        fault_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n" OK_XML);
    else if (IS("length-list"))
        fault_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n" OK_XML);
    else if (IS("overflow"))
        fault_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\n" OK_XML);
    else if (IS("chunk-overflow"))
        fault_puts(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc");
    else if (IS("chunk-negative"))
        fault_puts(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n");
    else if (IS("http-0.9"))
        fault_puts(fd, OK_XML);
    else if (IS("http-9.9"))
        fault_puts(fd, "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n");
    else if (IS("status-0"))
        fault_puts(fd, "HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n");
    else if (IS("switching"))
        fault_puts(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" OK_XML);
    else if (IS("injected")) /* of header lines, into what is shown */
        fault_puts(fd, "HTTP/1.1 400 No\r\nx-amzn-errortype: Bad\x1B[2J\rForged: "
                       "line\r\nContent-Length: 2\r\n\r\n{}");
    else if (IS("metadata"))
        SAY("302 Found", "Location: http://169.254.169.254/latest/meta-data/iam/security-credentials/\r\n", "");
    else if (IS("metadata-307"))
        SAY("307 Temporary Redirect", "Location: http://169.254.169.254/latest/meta-data/\r\n", "");
    else if (IS("metadata-region"))
        SAY("301 Moved", "x-amz-bucket-region: x@169.254.169.254/\r\n", "");
    else if (IS("503-never"))
        SAY("503 Busy", "x-amz-retry-after: 999999999999\r\n", "");
    else if (IS("503-then"))
        SAY("503 Busy", "x-amz-retry-after: -1\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", "");
    else if (IS("skew-absurd"))
        SAY("403 Forbidden", "Date: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
            "<ErrorResponse><Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error></"
            "ErrorResponse>");
    else if (IS("skew-silent"))
        SAY("403 Forbidden", "Date: yesterday\r\n",
            "<ErrorResponse><Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error></"
            "ErrorResponse>");
    else {
        snprintf(line, sizeof(line), "POST /%s ", name);
        return fault_answer(fd, line);
    }
    return false;
}

typedef struct row {
    const char *fault, *service, *operation;
    mw_status want;
    const char *says;
    int requests; /* with two attempts */
} row;

#define STS    "sts", "GetCallerIdentity"
#define DDB    "dynamodb", "ListTables"
#define LAMBDA "lambda", "ListFunctions"
#define CBOR   "partnercentral-revenue-measurement", "ListMarketplaceRevenueShareAllocations"
#define WRITE  "iam", "CreateUser"

static const row rows[] = {
    {"fine", STS, MW_OK, "", 1},
    {"skew", STS, MW_OK, "", 2},
    /* no answer */
    {"reset", STS, MW_ERR_NET, "curl", 2},
    {"reset", WRITE, MW_ERR_NET, "curl", 1},
    {"close", DDB, MW_ERR_NET, "curl 52", 2},
    {"close", WRITE, MW_ERR_NET, "curl 52", 1},
    {"garbage", STS, MW_ERR_NET, "127.0.0.1", 2},
    /* half of one */
    {"short", STS, MW_ERR_NET, "curl 18", 2},
    {"short", LAMBDA, MW_ERR_NET, "curl 18", 2},
    {"short", WRITE, MW_ERR_NET, "curl 18", 1},
    {"short-chunk", DDB, MW_ERR_NET, "curl 18", 2},
    {"two-lengths", STS, MW_ERR_NET, "two different Content-Length", 2},
    {"negative", STS, MW_ERR_NET, "127.0.0.1", 2},
    {"no-number", STS, MW_ERR_NET, "Content-Length", 2},
    {"length-list", STS, MW_ERR_NET, "Content-Length", 2},
    {"overflow", STS, MW_ERR_NET, "Content-Length", 2},
    {"chunk-overflow", STS, MW_ERR_NET, "curl 56", 2},
    {"chunk-negative", STS, MW_ERR_NET, "curl 56", 2},
    {"long", STS, MW_ERR_PARSE, "sts:GetCallerIdentity", 1}, /* what was said counts: ten bytes */
    {"behind", STS, MW_ERR_PARSE, "sts:GetCallerIdentity", 1},
    {"http-0.9", STS, MW_ERR_NET, "HTTP/0.9", 2},
    {"http-9.9", STS, MW_ERR_NET, "127.0.0.1", 2},
    {"status-0", STS, MW_ERR_NET, "curl 1)", 2},
    {"switching", STS, MW_ERR_NET, "without a final HTTP status (101)", 2},
    /* too slow: within the deadline */
    {"loris-head", STS, MW_ERR_TIMEOUT, "given up after", 1},
    {"loris-body", STS, MW_ERR_TIMEOUT, "given up after", 1},
    {"loris-1xx", STS, MW_ERR_TIMEOUT, "given up after", 1},
    {"slow", DDB, MW_ERR_TIMEOUT, "given up after", 1},
    {"slow", WRITE, MW_ERR_TIMEOUT, "given up after", 1},
    /* storms */
    {"500", STS, MW_ERR_AWS, "InternalFailure", 2},
    {"500", WRITE, MW_ERR_AWS, "InternalFailure", 1},
    {"503", STS, MW_ERR_AWS, "503", 2},
    {"503", LAMBDA, MW_ERR_AWS, "503", 2},
    {"503-html", DDB, MW_ERR_AWS, "503", 2},
    {"429", DDB, MW_ERR_AWS, "ThrottlingException", 2},
    {"429-bare", LAMBDA, MW_ERR_AWS, "429", 1},
    {"503-never", STS, MW_ERR_TIMEOUT, "503", 1},
    {"503-then", STS, MW_ERR_AWS, "503", 2},
    {"skew-absurd", STS, MW_ERR_AWS, "RequestTimeTooSkewed", 1},
    {"skew-silent", STS, MW_ERR_AWS, "RequestTimeTooSkewed", 1},
    /* an answer that is none */
    {"redirect", STS, MW_ERR_AWS, "302", 1},
    {"metadata", STS, MW_ERR_AWS, "302", 1},
    {"metadata-307", DDB, MW_ERR_AWS, "307", 1},
    {"metadata-region", "s3", "ListBuckets", MW_ERR_AWS, "301", 1},
    {"injected", DDB, MW_ERR_AWS, "Bad", 1},
    {"gzip-bomb", STS, MW_ERR_PARSE, "sts:GetCallerIdentity", 1},
    {"gzip-bomb", DDB, MW_ERR_PARSE, "dynamodb:ListTables", 1},
    {"broken-xml", STS, MW_ERR_PARSE, "sts:GetCallerIdentity", 1},
    {"entities", STS, MW_ERR_PARSE, "sts:GetCallerIdentity", 1},
    {"html", STS, MW_ERR_PARSE, "sts:GetCallerIdentity", 1},
    {"empty", STS, MW_ERR_PARSE, "sts:GetCallerIdentity", 1},
    {"broken-json", DDB, MW_ERR_PARSE, "dynamodb:ListTables", 1},
    {"deep-json", DDB, MW_ERR_PARSE, "dynamodb:ListTables", 1},
    {"wrong-json", DDB, MW_ERR_PARSE, "dynamodb:ListTables", 1},
    {"broken-json", LAMBDA, MW_ERR_PARSE, "lambda:ListFunctions", 1},
    {"html", LAMBDA, MW_ERR_PARSE, "lambda:ListFunctions", 1},
    {"broken-cbor", CBOR, MW_ERR_PARSE, "partnercentral-revenue-measurement", 1},
    {"broken-json", CBOR, MW_ERR_PARSE, "partnercentral-revenue-measurement", 1},
    /* too much */
    {"headers", STS, MW_ERR_LIMIT, "headers are larger", 1},
    {"1xx-storm", STS, MW_ERR_LIMIT, "headers are larger", 1},
    {"1xx-headers", DDB, MW_ERR_LIMIT, "more than 4096 headers", 1},
    {"endless-trailers", STS, MW_ERR_LIMIT, "headers are larger", 1},
    {"endless-line", STS, MW_ERR_LIMIT, "head of the answer", 1},
    {"endless-status", STS, MW_ERR_LIMIT, "head of the answer", 1},
    {"endless-chunks", STS, MW_ERR_LIMIT, "larger than 67108864 bytes", 1},
    {"endless-extension", STS, MW_ERR_TIMEOUT, "", 1},
    {"gigabyte", STS, MW_ERR_LIMIT, "larger than 67108864 bytes", 1},
    {"gigabyte-said", DDB, MW_ERR_LIMIT, "1073741824 bytes", 1},
    {"gigabyte-error", DDB, MW_ERR_LIMIT, "larger than 1048576 bytes", 1},
};

/* Twice the ceiling of an answer (64 MiB): what growing a buffer takes at its worst, and the rest. */
#define PEAK_MAX ((size_t)144 << 20)
/* Of the process, in KiB: the models are mapped, and freed buffers may not go back at once. */
#if defined(__SANITIZE_ADDRESS__)
#define RSS_MAX_KIB (2L << 20) /* which keeps what was freed for a while */
#else
#define RSS_MAX_KIB (384L << 10)
#endif
#define TIME_MAX_MS 8000 /* a deadline of one second; the rest is for slow machines */

static size_t held, peak;

static void *counting_realloc(void *ctx, void *old, size_t size)
{
    size_t before = old ? malloc_usable_size(old) : 0;
    void *p;

    (void)ctx;
    if (size == 0) {
        held -= before;
        free(old);
        return NULL;
    }
    p = realloc(old, size);
    if (!p)
        return NULL;
    held += malloc_usable_size(p);
    if (held > peak)
        peak = held; /* both, as if it had been moved */
    held -= before;
    return p;
}

static int no_delay(void *ctx, void *out, size_t size)
{
    (void)ctx;
    memset(out, 0, size);
    return 0;
}

static const char *no_env(const char *name)
{
    return strstr(name, "_FILE") ? "/nonexistent" : NULL;
}

typedef struct outcome {
    int done, pages;
    char account[32];
    mw_call_result result;
} outcome;

static bool on_page(void *user, mw_doc_builder *page, mw_val result)
{
    outcome *o = user;

    o->pages += mw_val_kind(mw_doc_view(page), result) == MW_KIND_OBJECT;
    snprintf(o->account, sizeof(o->account), "%s", mw_val_get_str(mw_doc_view(page), result, "Account", ""));
    return true;
}

static void on_done(void *user, const mw_call_result *r)
{
    outcome *o = user;

    o->done++;
    o->result = *r;
}

static void try_one(const row *r, mw_aws_config *config, mw_provider *provider)
{
    mw_scope scope = {"aws", "123456789012", "us-east-1", provider};
    mw_doc_builder *b;
    mw_client *c;
    char url[64];
    outcome o = {0};
    mw_error err = {0};
    int64_t began = mw_mono_ms();
    int before = server.requests;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", server.port, r->fault);
    assert_ok(mw_client_new(
        &(mw_client_options){
            .models = models, .config = config, .endpoint_url = url, .max_attempts = 2, .deadline_ms = 1000},
        &c, &err));
    assert_ok(mw_doc_builder_new(NULL, &b, &err));
    assert_ok(mw_json_read(b, "{\"UserName\":\"u\"}", 16, NULL, NULL, &err));
    held = peak = 0;
    assert_ok(mw_client_call(c,
                             &(mw_call){.scope = &scope,
                                        .service = r->service,
                                        .operation = r->operation,
                                        .params_doc = mw_doc_view(b),
                                        .params = mw_doc_pop(b),
                                        .on_page = on_page,
                                        .on_done = on_done,
                                        .user = &o},
                             &err));
    assert_ok(mw_client_run(c, &err));
    assert_int_equal(o.done, 1);
    if (o.result.status != r->want || server.requests - before != r->requests ||
        !strstr(o.result.error.message, r->says))
        fail_msg("%s, %s:%s: %s after %d requests: %s", r->fault, r->service, r->operation,
                 mw_status_name(o.result.status), server.requests - before, o.result.error.message);
    for (const char *p = o.result.error.message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            fail_msg("%s: the message holds byte 0x%02X", r->fault, (unsigned char)*p);
    assert_int_equal(o.pages, r->want == MW_OK ? 1 : 0); /* never a half result */
    if (r->want != MW_OK)
        assert_non_null(strstr(o.result.error.message, r->operation));
    if (mw_mono_ms() - began > TIME_MAX_MS || peak > PEAK_MAX)
        fail_msg("%s: %d ms, %zu MiB", r->fault, (int)(mw_mono_ms() - began), peak >> 20);
    mw_doc_builder_free(b);
    mw_client_free(c);
}

static void every_fault_has_one_clear_end(void **state)
{
    mw_aws_config *config;
    mw_provider *provider;
    struct rusage usage;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_aws_config_load(&(mw_aws_config_options){.getenv_fn = no_env}, &config, &err));
    assert_ok(mw_provider_static("AKIATEST", "a-long-enough-secret", NULL, &provider, &err));
    mw_sys.random_fn = no_delay;
    mw_sys.realloc_fn = counting_realloc;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        if (mw_models_service(models, rows[i].service)) /* older models lack the one that speaks CBOR */
            try_one(&rows[i], config, provider);
    mw_sys_reset();
    getrusage(RUSAGE_SELF, &usage);
    if (usage.ru_maxrss > RSS_MAX_KIB)
        fail_msg("%ld KiB were resident", usage.ru_maxrss);
    mw_provider_unref(provider);
    mw_aws_config_free(config);
}

/** What a server sends behind an answer is never the answer of the next call on that connection. */
static void a_dirty_end_answers_nobody(void **state)
{
    static const char *const faults[] = {"dirty-now", "dirty-later"};
    mw_aws_config *config;
    mw_provider *provider;
    mw_error err = {0};

    (void)state;
    assert_ok(mw_aws_config_load(&(mw_aws_config_options){.getenv_fn = no_env}, &config, &err));
    assert_ok(mw_provider_static("AKIATEST", "a-long-enough-secret", NULL, &provider, &err));
    for (size_t i = 0; i < MW_COUNT(faults); i++) {
        mw_scope scope = {"aws", "123456789012", "us-east-1", provider};
        mw_client *c;
        char url[64];

        snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", server.port, faults[i]);
        assert_ok(
            mw_client_new(&(mw_client_options){.models = models, .config = config, .endpoint_url = url}, &c, &err));
        for (int n = 0; n < 4; n++) {
            outcome o = {0};

            assert_ok(mw_client_call(c,
                                     &(mw_call){.scope = &scope,
                                                .service = "sts",
                                                .operation = "GetCallerIdentity",
                                                .on_page = on_page,
                                                .on_done = on_done,
                                                .user = &o},
                                     &err));
            assert_ok(mw_client_run(c, &err));
            if (o.result.status != MW_OK || strcmp(o.account, "123456789012") != 0)
                fail_msg("%s: %s '%s'", faults[i], o.result.error.message, o.account);
            usleep(80000); /* the forged one arrives while the connection is idle */
        }
        mw_client_free(c);
    }
    mw_provider_unref(provider);
    mw_aws_config_free(config);
}

static volatile bool stop_flag;

static void set_stop(void *user)
{
    (void)user;
    stop_flag = true;
}

/** With a real carrier: those under way, in line, and waiting for a retry all end promptly. */
static void stop_is_prompt(void **state)
{
    mw_scope scope = {"aws", "123456789012", "us-east-1", NULL};
    mw_aws_config *config;
    mw_client *c;
    char url[64];
    outcome o = {0};
    mw_error err = {0};
    int64_t began = mw_mono_ms();

    (void)state;
    assert_ok(mw_aws_config_load(&(mw_aws_config_options){.getenv_fn = no_env}, &config, &err));
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/slow", server.port);
    assert_ok(mw_client_new(
        &(mw_client_options){
            .models = models, .config = config, .endpoint_url = url, .max_in_flight = 4, .stop = &stop_flag},
        &c, &err));
    for (int i = 0; i < 40; i++)
        assert_ok(mw_client_call(
            c,
            &(mw_call){
                .scope = &scope, .service = "sts", .operation = "GetCallerIdentity", .on_done = on_done, .user = &o},
            &err));
    assert_ok(mw_client_http(c)->after(mw_client_http(c)->ctx, 100, set_stop, NULL, &err));
    assert_ok(mw_client_run(c, &err));
    stop_flag = false;
    assert_int_equal(o.done, 40);
    assert_int_equal(o.result.status, MW_ERR_CANCELLED);
    assert_true(mw_mono_ms() - began < 5000); /* the answers take longer than that */
    mw_client_free(c);
    mw_aws_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_one_clear_end),
        cmocka_unit_test(a_dirty_end_answers_nobody),
        cmocka_unit_test(stop_is_prompt),
    };
    mw_error err = {0};
    int failed;

    server.answer = answer;
    if (mw_models_builtin(&models, &err) != MW_OK || !fault_start(&server))
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    fault_stop(&server);
    return failed;
}
