/*
 * AWS Signature Version 4, header and query placement. Relies on base/hash.h for HMAC and on the
 * request as it will be sent: path and query are read, never re-decoded into something else. The
 * secret key and what is derived from it are only ever in mw_secret and in stack bytes that are wiped;
 * nothing here logs. It runs once for each request, so texts are joined without printf.
 *
 * Facts: AWS IAM User Guide, "Create a signed AWS API request"; the published aws-c-auth vectors.
 */
#include "aws/sigv4.h"

#include "aws/sigv4a.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

#define ALGORITHM           "AWS4-HMAC-SHA256"
#define UNSIGNED            "UNSIGNED-PAYLOAD"
#define CANONICAL_ROOM      512 /* of a canonical request beside its headers */
#define HEX_SIZE            (2 * MW_SHA256_SIZE + 1)
/* A presigned URL lives for a week at most (S3 User Guide, "Limiting presigned URL capabilities"). */
#define MAX_EXPIRES_SECONDS 604800

/* Everything that both placements share, built step by step from the request. */
typedef struct job {
    mw_http_request *req;
    const mw_credentials *creds;
    const mw_sigv4_scope *scope;
    char stamp[MW_TIME_SIZE]; /* 20240102T030405Z */
    char date[9];             /* 20240102 */
    const char *credential_scope;
    const char *signed_headers;
    char payload_hash[HEX_SIZE];
    const char *algorithm;
} job;

typedef struct line {
    const char *name;
    const char *value;
    size_t order; /* repeated headers are joined as they came */
} line;

/* Headers that proxies and HTTP libraries change on the way. */
static bool is_excluded(const char *name)
{
    static const char *const excluded[] = {
        "authorization", "connection",        "expect",  "keep-alive", "te",
        "trailer",       "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
    };

    return mw_str_among(name, excluded, MW_COUNT(excluded)) || mw_str_starts(name, "proxy-");
}

static mw_status keep(mw_arena *a, mw_buf *b, const char **out, mw_error *err)
{
    mw_status st = mw_buf_status(b, err);

    if (st != MW_OK)
        return st;
    *out = mw_arena_strndup(a, b->data ? b->data : "", b->len);
    return *out ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory");
}

/* ---- path ---- */

/* RFC 3986 5.2.4 dot segments, and empty segments dropped; a trailing slash stays. */
static void normalize_path(mw_buf *out, const char *path)
{
    bool slash_at_end = false;

    for (const char *p = path; *p;) {
        const char *end;
        size_t len;

        while (*p == '/')
            p++;
        end = p + strcspn(p, "/");
        len = (size_t)(end - p);
        if (len == 0) {
            slash_at_end = true;
            break;
        }
        slash_at_end = false;
        if (len == 1 && p[0] == '.') {
            slash_at_end = true;
        } else if (len == 2 && p[0] == '.' && p[1] == '.') {
            while (out->len > 0 && out->data[--out->len] != '/')
                continue;
            slash_at_end = true;
        } else {
            mw_buf_putc(out, '/');
            mw_buf_add(out, p, len, NULL);
        }
        p = end;
    }
    if (slash_at_end || out->len == 0)
        mw_buf_putc(out, '/');
}

static void add_canonical_path(mw_buf *out, const mw_sigv4_scope *scope, const char *path)
{
    MW_AUTO(mw_buf) plain = {0};

    if (!path || !*path)
        path = "/";
    if (scope->single_encode) {
        mw_buf_puts(out, path);
        return;
    }
    if (scope->no_normalize)
        mw_buf_puts(&plain, path);
    else
        normalize_path(&plain, path);
    if (plain.failed != MW_OK)
        out->failed = plain.failed;
    else
        mw_uri_encode(out, plain.data, plain.len, "/");
}

/* ---- query ---- */

static int by_name_then_value(const void *x, const void *y)
{
    const line *a = x, *b = y;
    int order = strcmp(a->name, b->name);

    return order ? order : strcmp(a->value, b->value);
}

static const char *recode(mw_arena *arena, const char *s, size_t len)
{
    MW_AUTO(mw_buf) plain = {0};
    MW_AUTO(mw_buf) coded = {0};

    mw_uri_decode(&plain, s, len);
    mw_uri_encode(&coded, plain.data ? plain.data : "", plain.len, "");
    if (plain.failed != MW_OK || coded.failed != MW_OK)
        return NULL;
    return mw_arena_strndup(arena, coded.data ? coded.data : "", coded.len);
}

static mw_status add_canonical_query(mw_buf *out, mw_arena *arena, const char *query, mw_error *err)
{
    size_t count = 0, max = 1;
    line *pairs;

    if (!query || !*query)
        return MW_OK;
    for (const char *p = query; *p; p++)
        max += *p == '&';
    pairs = mw_arena_alloc(arena, max * sizeof(*pairs));
    if (!pairs)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    for (const char *p = query; *p;) {
        size_t len = strcspn(p, "&");
        const char *eq = memchr(p, '=', len);
        size_t name_len = eq ? (size_t)(eq - p) : len;

        if (len > 0) {
            line *pair = &pairs[count++];
            pair->name = recode(arena, p, name_len);
            pair->value = eq ? recode(arena, eq + 1, len - name_len - 1) : "";
            if (!pair->name || !pair->value)
                return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        }
        p += len + (p[len] == '&');
    }
    qsort(pairs, count, sizeof(*pairs), by_name_then_value);
    for (size_t i = 0; i < count; i++)
        mw_buf_join(out, i ? "&" : "", pairs[i].name, "=", pairs[i].value, NULL);
    return mw_buf_status(out, err);
}

/* ---- headers ---- */

static int by_name_then_order(const void *x, const void *y)
{
    const line *a = x, *b = y;
    int order = strcmp(a->name, b->name);

    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static const char *lower(mw_arena *arena, const char *s)
{
    char *copy = mw_arena_strdup(arena, s);

    for (char *p = copy; p && *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return copy;
}

/* Trimmed, runs of blanks (folded lines included) as one space. */
static const char *squeeze(mw_arena *arena, const char *s)
{
    char *copy = mw_arena_strdup(arena, s);
    char *to = copy;
    bool blank = false;

    if (!copy)
        return NULL;
    for (const char *p = s; *p; p++) {
        if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n') {
            blank = true;
            continue;
        }
        if (blank && to != copy)
            *to++ = ' ';
        blank = false;
        *to++ = *p;
    }
    *to = '\0';
    return copy;
}

static mw_status canonical_headers(job *j, mw_buf *out, mw_error *err)
{
    mw_http_request *req = j->req;
    MW_AUTO(mw_buf) names = {0};
    size_t count = 0;
    bool has_host = mw_http_get(&req->headers, "host") != NULL;
    line *lines = mw_arena_alloc(req->arena, (req->headers.count + 1) * sizeof(*lines));

    if (!lines)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < req->headers.count + !has_host; i++) {
        bool host = i == req->headers.count;
        line l = {.order = i};

        l.name = host ? "host" : lower(req->arena, req->headers.items[i].name);
        l.value = host ? mw_http_authority(req->arena, req) : squeeze(req->arena, req->headers.items[i].value);
        if (!l.name || !l.value)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        if (!is_excluded(l.name))
            lines[count++] = l;
    }
    qsort(lines, count, sizeof(*lines), by_name_then_order);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(lines[i].name, lines[i - 1].name) == 0) {
            mw_buf_join(out, ",", lines[i].value, NULL);
            continue;
        }
        mw_buf_join(out, i ? "\n" : "", lines[i].name, ":", lines[i].value, NULL);
        mw_buf_join(&names, i ? ";" : "", lines[i].name, NULL);
    }
    mw_buf_putc(out, '\n');
    return keep(req->arena, &names, &j->signed_headers, err);
}

/* ---- the four steps ---- */

static mw_status prepare(job *j, int64_t now_unix, mw_error *err)
{
    const mw_sigv4_scope *s = j->scope;
    uint8_t digest[MW_SHA256_SIZE];

    if (!j->req->arena || !j->req->method || !j->req->host ||
        (!*j->req->host && !mw_http_get(&j->req->headers, "host")))
        return mw_fail(err, MW_ERR_INVALID, "sigv4: the request has no arena, method or host");
    if (!s->region || !*s->region || !s->service || !*s->service)
        return mw_fail(err, MW_ERR_INVALID, "sigv4: region and service must be given");
    if (!*j->creds->access_key_id || !mw_secret_is_set(&j->creds->secret_access_key))
        return mw_fail(err, MW_ERR_CREDENTIALS, "sigv4: the credentials are empty");
    if (now_unix < 0 || now_unix > MW_SIGV4_NOW_MAX)
        return mw_fail(err, MW_ERR_INVALID, "sigv4: the clock is out of range");
    mw_time_sigv4(j->stamp, now_unix * INT64_C(1000000000));
    memcpy(j->date, j->stamp, 8);
    j->algorithm = s->asymmetric ? MW_SIGV4A_ALGORITHM : ALGORITHM;
    j->credential_scope =
        s->asymmetric /* good in every region of X-Amz-Region-Set */
            ? mw_arena_join(j->req->arena, j->date, "/", s->service, "/aws4_request", NULL)
            : mw_arena_join(j->req->arena, j->date, "/", s->region, "/", s->service, "/aws4_request", NULL);
    if (!j->credential_scope)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if (s->unsigned_payload) {
        memcpy(j->payload_hash, UNSIGNED, sizeof(UNSIGNED));
        return MW_OK;
    }
    mw_sha256(digest, j->req->body && !s->skip_body ? j->req->body : "",
              j->req->body && !s->skip_body ? j->req->body_len : 0);
    mw_hex(j->payload_hash, digest, sizeof(digest));
    return MW_OK;
}

/* ---- the key of a day, region and service: derived once, kept and dropped with the credentials ---- */

typedef struct key_slot {
    char scope[96]; /* the credential scope; "" = free */
    uint8_t key[MW_SHA256_SIZE];
} key_slot;

#define KEY_SLOTS (MW_SIGNING_KEYS_BYTES / sizeof(key_slot))

/* NULL when there is no room to keep keys in, or the scope is longer than any of AWS's. */
static key_slot *slot_of(const job *j)
{
    const mw_secret *kept = &j->creds->signing_keys;
    size_t len = strlen(j->credential_scope);

    if (kept->len != MW_SIGNING_KEYS_BYTES || len >= sizeof(((key_slot *)0)->scope))
        return NULL;
    return (key_slot *)(void *)kept->data + mw_hash64(j->credential_scope, len) % KEY_SLOTS;
}

static void derive_key(const job *j, uint8_t key[MW_SHA256_SIZE])
{
    /* "AWS4" and the key: its pages are locked in mw_secret, so only this short copy needs wiping. */
    char first[4 + 512];
    uint8_t next[MW_SHA256_SIZE];
    size_t secret_len = j->creds->secret_access_key.len;
    const char *const parts[] = {j->date, j->scope->region, j->scope->service, "aws4_request"};

    if (secret_len > sizeof(first) - 4)
        secret_len = sizeof(first) - 4; /* refused earlier; keeps the copy bounded by itself */
    memcpy(first, "AWS4", 4);
    memcpy(first + 4, j->creds->secret_access_key.data, secret_len);
    mw_hmac_sha256(key, first, 4 + secret_len, parts[0], strlen(parts[0]));
    for (size_t i = 1; i < MW_COUNT(parts); i++) {
        mw_hmac_sha256(next, key, MW_SHA256_SIZE, parts[i], strlen(parts[i]));
        memcpy(key, next, sizeof(next));
    }
    explicit_bzero(first, sizeof(first));
    explicit_bzero(next, sizeof(next));
}

static void make_signature(const job *j, const char *string_to_sign, char out[HEX_SIZE])
{
    key_slot *slot = slot_of(j);
    uint8_t key[MW_SHA256_SIZE], mac[MW_SHA256_SIZE];

    if (slot && strcmp(slot->scope, j->credential_scope) == 0) {
        memcpy(key, slot->key, sizeof(key));
    } else {
        derive_key(j, key);
        if (slot) {
            memcpy(slot->scope, j->credential_scope, strlen(j->credential_scope) + 1);
            memcpy(slot->key, key, sizeof(key));
        }
    }
    mw_hmac_sha256(mac, key, sizeof(key), string_to_sign, strlen(string_to_sign));
    mw_hex(out, mac, sizeof(mac));
    explicit_bzero(key, sizeof(key));
}

/* @p headers is the canonical block made before; @p query replaces the request's own. */
static mw_status finish(const job *j, const mw_buf *headers, const char *query, mw_sigv4_trace *trace, mw_error *err)
{
    mw_arena *arena = j->req->arena;
    MW_AUTO(mw_buf) b = {0};
    uint8_t digest[MW_SHA256_SIZE];
    char hex[MW_SIGV4A_HEX_SIZE];
    mw_status st;

    mw_buf_reserve(&b, headers->len + CANONICAL_ROOM, NULL);
    mw_buf_join(&b, j->req->method, "\n", NULL);
    add_canonical_path(&b, j->scope, j->req->path);
    mw_buf_putc(&b, '\n');
    st = add_canonical_query(&b, arena, query, err);
    if (st != MW_OK)
        return st;
    mw_buf_join(&b, "\n", headers->data, "\n", j->signed_headers, "\n", j->payload_hash, NULL);
    st = keep(arena, &b, &trace->canonical_request, err);
    if (st != MW_OK)
        return st;
    mw_sha256(digest, b.data, b.len);
    mw_hex(hex, digest, sizeof(digest));
    trace->string_to_sign =
        mw_arena_join(arena, j->algorithm, "\n", j->stamp, "\n", j->credential_scope, "\n", hex, NULL);
    if (!trace->string_to_sign)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if (!j->scope->asymmetric)
        make_signature(j, trace->string_to_sign, hex);
    else if ((st = mw_sigv4a_signature(j->creds, trace->string_to_sign, hex, err)) != MW_OK)
        return st;
    trace->signature = mw_arena_strdup(arena, hex);
    return trace->signature ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory");
}

static mw_status check_secret(const mw_credentials *c, mw_error *err)
{
    if (c->secret_access_key.len > 512)
        return mw_fail(err, MW_ERR_CREDENTIALS, "sigv4: the secret access key is too long");
    return MW_OK;
}

mw_status mw_sigv4_sign(mw_http_request *req, const mw_credentials *creds, const mw_sigv4_scope *scope,
                        int64_t now_unix, mw_sigv4_trace *trace, mw_error *err)
{
    job j = {.req = req, .creds = creds, .scope = scope};
    mw_sigv4_trace own = {0};
    MW_AUTO(mw_buf) headers = {0};
    const mw_secret *token = mw_secret_is_set(&creds->session_token) ? &creds->session_token : NULL;
    const char *token_header = scope->token_header ? scope->token_header : "X-Amz-Security-Token";
    mw_status st;

    if ((st = check_secret(creds, err)) != MW_OK || (st = prepare(&j, now_unix, err)) != MW_OK ||
        (st = mw_http_set(req->arena, &req->headers, "X-Amz-Date", j.stamp, err)) != MW_OK)
        return st;
    if (scope->asymmetric &&
        (st = mw_http_set(req->arena, &req->headers, "X-Amz-Region-Set", scope->region, err)) != MW_OK)
        return st;
    if (scope->content_sha256_header &&
        (st = mw_http_set(req->arena, &req->headers, "X-Amz-Content-Sha256", j.payload_hash, err)) != MW_OK)
        return st;
    if (token && !scope->omit_session_token &&
        (st = mw_http_set(req->arena, &req->headers, token_header, token->data, err)) != MW_OK)
        return st;
    if ((st = canonical_headers(&j, &headers, err)) != MW_OK || (st = mw_buf_status(&headers, err)) != MW_OK ||
        (st = finish(&j, &headers, req->query, &own, err)) != MW_OK)
        return st;
    if (token && scope->omit_session_token &&
        (st = mw_http_set(req->arena, &req->headers, token_header, token->data, err)) != MW_OK)
        return st;
    own.authorization =
        mw_arena_join(req->arena, j.algorithm, " Credential=", creds->access_key_id, "/", j.credential_scope,
                      ", SignedHeaders=", j.signed_headers, ", Signature=", own.signature, NULL);
    if (!own.authorization)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if (trace)
        *trace = own;
    return mw_http_set(req->arena, &req->headers, "Authorization", own.authorization, err);
}

static void add_pair(mw_buf *query, const char *name, const char *value)
{
    mw_buf_printf(query, "%s%s=", query->len ? "&" : "", name);
    mw_uri_encode(query, value, strlen(value), "");
}

mw_status mw_sigv4_presign(mw_http_request *req, const mw_credentials *creds, const mw_sigv4_scope *scope,
                           int64_t now_unix, mw_sigv4_trace *trace, mw_error *err)
{
    job j = {.req = req, .creds = creds, .scope = scope};
    mw_sigv4_trace own = {0};
    MW_AUTO(mw_buf) headers = {0};
    MW_AUTO(mw_buf) query = {0};
    const char *token = creds->session_token.data;
    const char *credential;
    mw_status st;

    if (scope->expires_seconds < 1 || scope->expires_seconds > MAX_EXPIRES_SECONDS)
        return mw_fail(err, MW_ERR_INVALID, "sigv4: a presigned URL lives 1 to %d seconds, not %d", MAX_EXPIRES_SECONDS,
                       scope->expires_seconds);
    if ((st = check_secret(creds, err)) != MW_OK || (st = prepare(&j, now_unix, err)) != MW_OK ||
        (st = canonical_headers(&j, &headers, err)) != MW_OK || (st = mw_buf_status(&headers, err)) != MW_OK)
        return st;
    credential = mw_arena_printf(req->arena, "%s/%s", creds->access_key_id, j.credential_scope);
    if (!credential)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if (req->query)
        mw_buf_puts(&query, req->query);
    add_pair(&query, "X-Amz-Algorithm", j.algorithm);
    add_pair(&query, "X-Amz-Credential", credential);
    add_pair(&query, "X-Amz-Date", j.stamp);
    if (scope->asymmetric)
        add_pair(&query, "X-Amz-Region-Set", scope->region);
    add_pair(&query, "X-Amz-SignedHeaders", j.signed_headers);
    mw_buf_printf(&query, "&X-Amz-Expires=%d", scope->expires_seconds);
    if (token && !scope->omit_session_token)
        add_pair(&query, "X-Amz-Security-Token", token);
    if ((st = mw_buf_status(&query, err)) != MW_OK || (st = finish(&j, &headers, query.data, &own, err)) != MW_OK)
        return st;
    if (token && scope->omit_session_token)
        add_pair(&query, "X-Amz-Security-Token", token);
    mw_buf_printf(&query, "&X-Amz-Signature=%s", own.signature);
    if (trace)
        *trace = own;
    return keep(req->arena, &query, &req->query, err);
}
