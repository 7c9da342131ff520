/*
 * CPU of a signed keep-alive request through the client, beside the least that libcurl can do it for: a loop over easy
 * handles, and one over a multi handle, that compute the same SigV4 signature with a cached key and throw the answer
 * away. All of it in one process in turns, best round of each; the server is a child of its own, whose time is not
 * counted. The figures to hold are the ratios: at most 1.5 beside libcurl in the same style.
 *
 *   bench_call [requests [rounds [ours|curl]]]   default 4000, 7, both
 *   bench_call listing URL                       user and system seconds of listing EC2's instances with libcurl and expat
 */
#include "aws/client.h"
#include "aws/sigv4.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/time.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <expat.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ACCESS_KEY  "AKIAIOSFODNN7EXAMPLE"
#define SECRET_KEY  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define REGION      "us-east-1"
#define DEPTH_MAX   64
#define CLIENTS_MAX 128

typedef struct sample {
    const char *name, *service, *operation;
    const char *type, *target; /* headers; no target in the query protocol */
    const char *params, *body; /* the same request for the client, and as it is sent */
} sample;

static const sample samples[] = {
    {"ec2 DescribeRegions", "ec2", "DescribeRegions", "application/x-www-form-urlencoded; charset=utf-8", NULL, "{}",
     "Action=DescribeRegions&Version=2016-11-15"},
    {"dynamodb DescribeTable", "dynamodb", "DescribeTable", "application/x-amz-json-1.0",
     "DynamoDB_20120810.DescribeTable", "{\"TableName\":\"orders\"}", "{\"TableName\":\"orders\"}"},
};

static unsigned port;

static void die(const char *what)
{
    fprintf(stderr, "bench_call: %s\n", what);
    exit(1);
}

static double cpu_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- the server: a child ---- */

typedef struct peer {
    char in[8192];
    size_t len;
} peer;

static mw_buf answers[2]; /* ec2, dynamodb; about 1 KB of body each */

static void add_answer(mw_buf *out, const char *type, const char *body)
{
    mw_buf_printf(out,
                  "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 0c1f\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                  "Date: Thu, 02 Jan 2026 03:04:05 GMT\r\n\r\n%s",
                  type, strlen(body), body);
}

static void make_answers(void)
{
    static const char *const regions[] = {"us-east-1",    "us-west-2",  "eu-west-1",
                                          "eu-central-1", "ap-south-1", "sa-east-1"};
    MW_AUTO(mw_buf) xml = {0};
    MW_AUTO(mw_buf) json = {0};

    mw_buf_puts(&xml,
                "<?xml version=\"1.0\"?><DescribeRegionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
                "<requestId>r</requestId><regionInfo>");
    for (size_t i = 0; i < MW_COUNT(regions); i++)
        mw_buf_printf(&xml,
                      "<item><regionName>%s</regionName><regionEndpoint>ec2.%s.amazonaws.com</regionEndpoint>"
                      "<optInStatus>opt-in-not-required</optInStatus></item>",
                      regions[i], regions[i]);
    mw_buf_puts(&xml, "</regionInfo></DescribeRegionsResponse>");
    mw_buf_puts(
        &json,
        "{\"Table\":{\"TableName\":\"orders\",\"TableStatus\":\"ACTIVE\",\"ItemCount\":12,\"AttributeDefinitions\":[");
    for (int i = 0; i < 14; i++)
        mw_buf_printf(&json, "%s{\"AttributeName\":\"attribute-%02d\",\"AttributeType\":\"S\"}", i ? "," : "", i);
    mw_buf_puts(&json, "],\"CreationDateTime\":1767322800.5}}");
    add_answer(&answers[0], "text/xml;charset=UTF-8", xml.data);
    add_answer(&answers[1], "application/x-amz-json-1.0", json.data);
}

/** Bytes of the first whole request in @p p, or 0. */
static size_t whole_request(const peer *p)
{
    const char *end = memmem(p->in, p->len, "\r\n\r\n", 4), *length;
    size_t size;

    if (!end)
        return 0;
    length = strcasestr(p->in, "\r\ncontent-length:");
    size = (size_t)(end - p->in) + 4 + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    return size <= p->len ? size : 0;
}

static void serve(int listener)
{
    struct pollfd fds[CLIENTS_MAX] = {{.fd = listener, .events = POLLIN}};
    peer *peers = calloc(CLIENTS_MAX, sizeof(*peers));
    nfds_t n = 1;

    while (peers && poll(fds, n, -1) > 0) {
        for (nfds_t i = n; i-- > 1;) {
            peer *p = &peers[i];
            ssize_t got;
            size_t size;

            if (!fds[i].revents)
                continue;
            got = read(fds[i].fd, p->in + p->len, sizeof(p->in) - 1 - p->len);
            if (got <= 0) {
                close(fds[i].fd);
                fds[i] = fds[--n];
                peers[i] = peers[n];
                continue;
            }
            p->len += (size_t)got;
            p->in[p->len] = '\0';
            while ((size = whole_request(p)) > 0) {
                const mw_buf *a = &answers[strcasestr(p->in, "\r\nx-amz-target:") ? 1 : 0];
                if (write(fds[i].fd, a->data, a->len) < 0)
                    break;
                p->len -= size;
                memmove(p->in, p->in + size, p->len + 1);
            }
        }
        if (fds[0].revents && n < CLIENTS_MAX) {
            peers[n].len = 0;
            fds[n++] = (struct pollfd){.fd = accept(listener, NULL, NULL), .events = POLLIN};
        }
    }
}

static pid_t start_server(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pid_t child;

    if (listener < 0 || bind(listener, (struct sockaddr *)&at, len) != 0 || listen(listener, CLIENTS_MAX) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &len) != 0)
        die("no server");
    port = ntohs(at.sin_port);
    make_answers();
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(listener);
        _exit(1);
    }
    close(listener);
    return child;
}

/* ---- signing as bare as it can be: names in order already, nothing to escape, the key cached ---- */

typedef struct signer {
    EVP_MD *md;
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *mac;
    uint8_t key[MW_SHA256_SIZE];
    char date[9];
} signer;

static signer sign_with;

static void hmac(uint8_t out[MW_SHA256_SIZE], const uint8_t *key, size_t key_len, const char *text)
{
    OSSL_PARAM md[] = {OSSL_PARAM_construct_utf8_string("digest", (char[]){"SHA256"}, 0), OSSL_PARAM_END};
    size_t len;

    if (EVP_MAC_init(sign_with.mac, key, key_len, md) != 1 ||
        EVP_MAC_update(sign_with.mac, (const uint8_t *)text, strlen(text)) != 1 ||
        EVP_MAC_final(sign_with.mac, out, &len, MW_SHA256_SIZE) != 1)
        die("no HMAC");
}

static void sha256_hex(char out[2 * MW_SHA256_SIZE + 1], const char *text, size_t len)
{
    uint8_t raw[MW_SHA256_SIZE];

    if (EVP_DigestInit_ex(sign_with.digest, sign_with.md, NULL) != 1 ||
        EVP_DigestUpdate(sign_with.digest, text, len) != 1 || EVP_DigestFinal_ex(sign_with.digest, raw, NULL) != 1)
        die("no digest");
    mw_hex(out, raw, sizeof(raw));
}

static void start_signer(void)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    sign_with.md = EVP_MD_fetch(NULL, "SHA256", NULL);
    sign_with.digest = EVP_MD_CTX_new();
    sign_with.mac = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    if (!sign_with.md || !sign_with.digest || !sign_with.mac)
        die("no OpenSSL");
}

static void cached_key(const char *stamp, const char *service)
{
    static const char *last;

    if (last == service && memcmp(stamp, sign_with.date, 8) == 0)
        return;
    last = service;
    memcpy(sign_with.date, stamp, 8);
    hmac(sign_with.key, (const uint8_t *)"AWS4" SECRET_KEY, strlen("AWS4" SECRET_KEY), sign_with.date);
    hmac(sign_with.key, sign_with.key, sizeof(sign_with.key), REGION);
    hmac(sign_with.key, sign_with.key, sizeof(sign_with.key), service);
    hmac(sign_with.key, sign_with.key, sizeof(sign_with.key), "aws4_request");
}

/** The Authorization header's value. */
static void bare_signature(char *out, size_t size, const sample *s, const char *host, const char *stamp, const char *id,
                           const char *attempt)
{
    static const char names[] = "amz-sdk-invocation-id;amz-sdk-request;content-type;host;x-amz-date";
    char hash[2 * MW_SHA256_SIZE + 1], text[2048];
    uint8_t raw[MW_SHA256_SIZE];
    const char *more = s->target ? ";x-amz-target" : "";
    int n;

    sha256_hex(hash, s->body, strlen(s->body));
    n = snprintf(
        text, sizeof(text),
        "POST\n/"
        "\n\namz-sdk-invocation-id:%s\namz-sdk-request:%s\ncontent-type:%s\nhost:%s\nx-amz-date:%s\n%s%s%s\n%s%s\n%s",
        id, attempt, s->type, host, stamp, s->target ? "x-amz-target:" : "", s->target ? s->target : "",
        s->target ? "\n" : "", names, more, hash);
    sha256_hex(hash, text, (size_t)n);
    snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%.8s/" REGION "/%s/aws4_request\n%s", stamp, stamp, s->service,
             hash);
    cached_key(stamp, s->service);
    hmac(raw, sign_with.key, sizeof(sign_with.key), text);
    mw_hex(hash, raw, sizeof(raw));
    snprintf(out, size,
             "AWS4-HMAC-SHA256 Credential=" ACCESS_KEY "/%.8s/" REGION
             "/%s/aws4_request, SignedHeaders=%s%s, Signature=%s",
             stamp, s->service, names, more, hash);
}

/** What is compared must be equal work: our signer says the same of the same request. */
static void check_signature(const sample *s)
{
    const char *host = "127.0.0.1:8000", *stamp = "20260102T030405Z", *id = "11f8-4c", *attempt = "attempt=1; max=3";
    MW_AUTO(mw_arena) arena = {0};
    mw_http_request q = {.arena = &arena,
                         .method = "POST",
                         .scheme = "http",
                         .host = "127.0.0.1",
                         .port = 8000,
                         .path = "/",
                         .body = s->body,
                         .body_len = strlen(s->body)};
    mw_credentials c = {.access_key_id = ACCESS_KEY};
    mw_sigv4_scope scope = {.region = REGION, .service = s->service};
    mw_sigv4_trace trace;
    char bare[512];

    mw_http_add(&arena, &q.headers, "Content-Type", s->type, NULL);
    mw_http_add(&arena, &q.headers, "amz-sdk-invocation-id", id, NULL);
    mw_http_add(&arena, &q.headers, "amz-sdk-request", attempt, NULL);
    if (s->target)
        mw_http_add(&arena, &q.headers, "X-Amz-Target", s->target, NULL);
    if (mw_secret_set(&c.secret_access_key, SECRET_KEY, strlen(SECRET_KEY), NULL) != MW_OK ||
        mw_sigv4_sign(&q, &c, &scope, 1767323045, &trace, NULL) != MW_OK)
        die("not signed");
    bare_signature(bare, sizeof(bare), s, host, stamp, id, attempt);
    if (strcmp(bare, trace.authorization) != 0)
        die("the two signatures differ");
    mw_credentials_clear(&c);
}

/* ---- bare libcurl ---- */

static size_t discard(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    *(size_t *)user += size * count;
    return size * count;
}

typedef struct bare {
    CURL *easy;
    struct curl_slist *headers;
    size_t bytes;
} bare;

static void bare_open(bare *b)
{
    b->easy = curl_easy_init();
    if (!b->easy)
        die("no libcurl");
    curl_easy_setopt(b->easy, CURLOPT_PRIVATE, b);
    curl_easy_setopt(b->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(b->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(b->easy, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(b->easy, CURLOPT_WRITEDATA, &b->bytes);
    curl_easy_setopt(b->easy, CURLOPT_TIMEOUT_MS, 60000L);
}

static void bare_header(bare *b, const char *name, const char *value)
{
    char line[640];

    snprintf(line, sizeof(line), "%s: %s", name, value);
    b->headers = curl_slist_append(b->headers, line);
}

static void bare_prepare(bare *b, const sample *s)
{
    char host[32], url[48], stamp[20], id[37], authorization[512], hex[33];
    uint8_t random[16];
    time_t now = time(NULL);
    struct tm utc;

    snprintf(host, sizeof(host), "127.0.0.1:%u", port);
    snprintf(url, sizeof(url), "http://%s/", host);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    if (getentropy(random, sizeof(random)) != 0)
        die("no randomness");
    mw_hex(hex, random, sizeof(random));
    snprintf(id, sizeof(id), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    bare_signature(authorization, sizeof(authorization), s, host, stamp, id, "attempt=1; max=3");
    curl_slist_free_all(b->headers);
    b->headers = NULL;
    bare_header(b, "Content-Type", s->type);
    if (s->target)
        bare_header(b, "X-Amz-Target", s->target);
    bare_header(b, "User-Agent", "bench");
    bare_header(b, "amz-sdk-invocation-id", id);
    bare_header(b, "amz-sdk-request", "attempt=1; max=3");
    bare_header(b, "X-Amz-Date", stamp);
    bare_header(b, "Authorization", authorization);
    bare_header(b, "Host", host);
    curl_easy_setopt(b->easy, CURLOPT_URL, url);
    curl_easy_setopt(b->easy, CURLOPT_HTTPHEADER, b->headers);
    curl_easy_setopt(b->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(s->body));
    curl_easy_setopt(b->easy, CURLOPT_POSTFIELDS, s->body);
}

static void bare_close(bare *b)
{
    curl_easy_cleanup(b->easy);
    curl_slist_free_all(b->headers);
}

static void run_easy(const sample *s, unsigned requests, unsigned depth)
{
    bare b = {0};

    (void)depth;
    bare_open(&b);
    for (unsigned i = 0; i < requests; i++) {
        bare_prepare(&b, s);
        if (curl_easy_perform(b.easy) != CURLE_OK)
            die("a bare request failed");
    }
    bare_close(&b);
}

static void run_multi(const sample *s, unsigned requests, unsigned depth)
{
    bare all[DEPTH_MAX] = {0};
    CURLM *multi = curl_multi_init();
    unsigned sent = 0, done = 0;

    for (unsigned i = 0; i < depth; i++, sent++) {
        bare_open(&all[i]);
        bare_prepare(&all[i], s);
        curl_multi_add_handle(multi, all[i].easy);
    }
    while (done < requests) {
        unsigned before = done;
        int left;
        CURLMsg *m;

        curl_multi_perform(multi, &left);
        while ((m = curl_multi_info_read(multi, &left)) != NULL) {
            bare *b;

            if (m->data.result != CURLE_OK)
                die("a bare request failed");
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &b);
            curl_multi_remove_handle(multi, b->easy);
            done++;
            if (sent < requests) {
                bare_prepare(b, s);
                curl_multi_add_handle(multi, b->easy);
                sent++;
            }
        }
        if (done == before)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    for (unsigned i = 0; i < depth; i++)
        bare_close(&all[i]);
    curl_multi_cleanup(multi);
}

/* ---- ours ---- */

typedef struct load {
    mw_client *client;
    mw_call call;
    unsigned left, pages;
} load;

static bool on_page(void *user, mw_doc_builder *page, mw_val result)
{
    (void)result;
    (void)page;
    ((load *)user)->pages++;
    return true;
}

static void on_done(void *user, const mw_call_result *result)
{
    load *l = user;
    mw_error err = {0};

    if (result->status != MW_OK)
        die(result->error.message);
    if (l->left == 0)
        return;
    l->left--;
    if (mw_client_call(l->client, &l->call, &err) != MW_OK)
        die(err.message);
}

static void run_ours(const sample *s, unsigned requests, unsigned depth)
{
    char url[48];
    const mw_models *models;
    mw_doc_builder *params = NULL;
    mw_scope scope = {.partition = "aws", .account = "123456789012", .region = REGION};
    mw_client_options o = {.endpoint_url = url};
    load l = {.left = requests - depth};
    mw_error err = {0};

    snprintf(url, sizeof(url), "http://127.0.0.1:%u", port);
    if (mw_models_builtin(&models, &err) != MW_OK || mw_doc_builder_new(NULL, &params, &err) != MW_OK ||
        mw_json_read(params, s->params, strlen(s->params), NULL, NULL, &err) != MW_OK)
        die(err.message);
    o.models = models;
    if (mw_client_new(&o, &l.client, &err) != MW_OK ||
        mw_provider_static(ACCESS_KEY, SECRET_KEY, NULL, &scope.credentials, &err) != MW_OK)
        die(err.message);
    l.call = (mw_call){.scope = &scope,
                       .service = s->service,
                       .operation = s->operation,
                       .params_doc = mw_doc_view(params),
                       .params = mw_doc_pop(params),
                       .on_page = on_page,
                       .on_done = on_done,
                       .user = &l};
    for (unsigned i = 0; i < depth; i++)
        if (mw_client_call(l.client, &l.call, &err) != MW_OK)
            die(err.message);
    if (mw_client_run(l.client, &err) != MW_OK || l.pages != requests)
        die("our loop ended early");
    mw_provider_unref(scope.credentials);
    mw_client_free(l.client);
    mw_doc_builder_free(params);
}

/** The share of it that libcurl's loop has no counterpart of: reading the answer into a document. */
static void run_parsing(const sample *s, unsigned requests, unsigned depth)
{
    const char *text = strstr(answers[s->target ? 1 : 0].data, "\r\n\r\n") + 4;
    mw_http_response r = {.status = 200};
    const mw_models *models;
    const mw_operation *op;
    mw_doc_builder *page = NULL;
    mw_error err = {0};

    (void)depth;
    if (mw_models_builtin(&models, &err) != MW_OK ||
        mw_client_operation(models, s->service, s->operation, &op, &err) != MW_OK ||
        mw_buf_puts(&r.body, text) != MW_OK || mw_doc_builder_new(NULL, &page, &err) != MW_OK)
        die(err.message);
    for (unsigned i = 0; i < requests; i++) {
        mw_aws_error aws;
        mw_val result;

        mw_doc_builder_reset(page);
        if (mw_protocol_parse(op, &r, page, &result, &aws, &err) != MW_OK)
            die(err.message);
    }
    mw_doc_builder_free(page);
    mw_http_response_clear(&r);
}

/* ---- listing: libcurl and expat over the pages of DescribeInstances ---- */

typedef struct listing {
    XML_Parser parser;
    bool in_token;
    char token[256];
    size_t token_len, items;
} listing;

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    listing *l = user;

    (void)attributes;
    l->in_token = strcmp(name, "nextToken") == 0;
    l->items += strcmp(name, "instanceId") == 0;
}

static void on_end(void *user, const XML_Char *name)
{
    (void)name;
    ((listing *)user)->in_token = false;
}

static void on_text(void *user, const XML_Char *s, int len)
{
    listing *l = user;

    if (l->in_token && l->token_len + (size_t)len < sizeof(l->token)) {
        memcpy(l->token + l->token_len, s, (size_t)len);
        l->token_len += (size_t)len;
        l->token[l->token_len] = '\0';
    }
}

static size_t feed(char *data, size_t size, size_t count, void *user)
{
    listing *l = user;

    return XML_Parse(l->parser, data, (int)(size * count), 0) == XML_STATUS_OK ? size * count : 0;
}

/** Signed by nobody: the server of answers looks at the scope of the Authorization header only. */
static int list_instances(const char *url)
{
    listing l = {0};
    struct curl_slist *headers =
        curl_slist_append(NULL, "Authorization: AWS4-HMAC-SHA256 Credential=x/20260102/" REGION "/ec2/aws4_request");
    double began = cpu_seconds();
    bare b = {0};

    bare_open(&b);
    curl_easy_setopt(b.easy, CURLOPT_URL, url);
    curl_easy_setopt(b.easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(b.easy, CURLOPT_WRITEFUNCTION, feed);
    curl_easy_setopt(b.easy, CURLOPT_WRITEDATA, &l);
    do {
        char body[512];

        snprintf(body, sizeof(body), "Action=DescribeInstances&Version=2016-11-15%s%s", *l.token ? "&NextToken=" : "",
                 l.token);
        l.token_len = 0;
        l.token[0] = '\0';
        l.parser = XML_ParserCreate(NULL);
        if (!l.parser)
            die("no expat");
        XML_SetUserData(l.parser, &l);
        XML_SetElementHandler(l.parser, on_start, on_end);
        XML_SetCharacterDataHandler(l.parser, on_text);
        curl_easy_setopt(b.easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
        curl_easy_setopt(b.easy, CURLOPT_POSTFIELDS, body);
        if (curl_easy_perform(b.easy) != CURLE_OK || XML_Parse(l.parser, "", 0, 1) != XML_STATUS_OK)
            die("a page failed");
        XML_ParserFree(l.parser);
    } while (*l.token);
    bare_close(&b);
    curl_slist_free_all(headers);
    printf("{\"instances\":%zu,\"cpu_s\":%.4f}\n", l.items, cpu_seconds() - began);
    return 0;
}

/* ---- turns ---- */

typedef void (*runner)(const sample *s, unsigned requests, unsigned depth);

static double best(runner run, const sample *s, unsigned requests, unsigned depth, double before)
{
    double began = cpu_seconds(), took;

    run(s, requests, depth);
    took = (cpu_seconds() - began) / requests * 1e6;
    return before > 0 && before < took ? before : took;
}

static void compare(const sample *s, unsigned requests, unsigned rounds, const char *only)
{
    static const unsigned depths[] = {1, 16};

    for (size_t d = 0; d < MW_COUNT(depths); d++) {
        double ours = 0, parsing = 0, easy = 0, multi = 0;

        for (unsigned r = 0; r < rounds; r++) {
            if (!mw_str_eq(only, "curl"))
                ours = best(run_ours, s, requests, depths[d], ours);
            parsing = best(run_parsing, s, requests, 1, parsing);
            if (mw_str_eq(only, "ours"))
                continue;
            multi = best(run_multi, s, requests, depths[d], multi);
            if (depths[d] == 1)
                easy = best(run_easy, s, requests, 1, easy);
        }
        printf("{\"case\":\"%s\",\"in_flight\":%u,\"ours_us\":%.1f,\"parsing_us\":%.1f,\"curl_multi_us\":%.1f,\"curl_"
               "easy_us\":%.1f",
               s->name, depths[d], ours, parsing, multi, easy);
        if (!only)
            printf(",\"beside_multi\":%.2f,\"without_parsing\":%.2f", ours / multi, (ours - parsing) / multi);
        if (!only && easy > 0)
            printf(",\"beside_easy\":%.2f", ours / easy);
        printf("}\n");
    }
}

int main(int argc, char **argv)
{
    unsigned requests = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 4000;
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 7;
    pid_t child;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (argc > 2 && mw_str_eq(argv[1], "listing"))
        return list_instances(argv[2]);
    if (requests < DEPTH_MAX || rounds < 1)
        die("usage: bench_call [requests [rounds [ours|curl]]] | bench_call listing URL");
    start_signer();
    for (size_t i = 0; i < MW_COUNT(samples); i++)
        check_signature(&samples[i]);
    child = start_server();
    for (size_t i = 0; i < MW_COUNT(samples); i++)
        compare(&samples[i], requests, rounds, argc > 3 ? argv[3] : NULL);
    kill(child, SIGKILL);
    return 0;
}
