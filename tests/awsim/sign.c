/*
 * Who signed a request, and whether the signature holds: Signature Version 4 by its public
 * description, written apart from the signer under test.
 *
 * Keys are a function of the account: `AKIAMW00` and its twelve digits, the secret a digest of the
 * seed and the key. Session tokens carry account, end and session name under a MAC of the seed.
 */
#include "awsim.h"

#include "base/hash.h"
#include "base/time.h"

#include <stdio.h>
#include <strings.h>

void access_key_of(char out[21], uint32_t account, bool temporary)
{
    snprintf(out, 21, "%sMW00%012llu", temporary ? "ASIA" : "AKIA", (unsigned long long)(FIRST_ACCOUNT + account));
}

static void keyed(char out[65], const struct world *w, const char *use, mw_str what)
{
    char key[64];
    uint8_t mac[MW_SHA256_SIZE];
    int n = snprintf(key, sizeof key, "awsim/%llu/%s", (unsigned long long)w->seed, use);
    mw_hmac_sha256(mac, key, (size_t)n, what.data, what.len);
    mw_hex(out, mac, sizeof mac);
}

void secret_of(char out[41], const struct world *w, mw_str token_or_key)
{
    char hex[65];
    keyed(hex, w, "secret", token_or_key);
    memcpy(out, hex, 40);
    out[40] = '\0';
}

void session_token(char out[SESSION_TOKEN_SIZE], const struct world *w, uint32_t account, int64_t expires,
                   const char *session)
{
    char mac[65];
    int n = snprintf(out, SESSION_TOKEN_SIZE - 66, "MWtoken.%u.%lld.%.63s", account, (long long)expires, session);
    keyed(mac, w, "token", (mw_str){out, (size_t)n});
    snprintf(out + n, 66, ".%s", mac);
}

static mw_str next_field(mw_str *rest, char separator)
{
    const char *stop = memchr(rest->data, separator, rest->len);
    size_t n = stop ? (size_t)(stop - rest->data) : rest->len;
    mw_str field = {rest->data, n};
    size_t skip = stop ? n + 1 : n;
    *rest = (mw_str){rest->data + skip, rest->len - skip};
    return field;
}

static mw_str named(mw_str header, const char *name)
{
    const char *at = memmem(header.data, header.len, name, strlen(name));
    if (!at)
        return (mw_str){NULL, 0};
    at += strlen(name);
    mw_str rest = {at, (size_t)(header.data + header.len - at)};
    mw_str value = next_field(&rest, ',');
    while (value.len && value.data[value.len - 1] == ' ')
        value.len--;
    return value;
}

void credential_read(struct credential *c, const struct world *w, const struct request *r)
{
    *c = (struct credential){0};
    mw_str header = request_header(r, "authorization");
    if (!header.data) {
        c->problem = "missing";
        snprintf(c->message, sizeof c->message, "Request is missing Authentication Token");
        return;
    }
    mw_str scope = named(header, "Credential=");
    if (header.len < 17 || memcmp(header.data, "AWS4-HMAC-SHA256 ", 17) != 0 || !scope.data) {
        c->problem = "incomplete";
        snprintf(c->message, sizeof c->message,
                 "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders'.");
        return;
    }
    c->key = next_field(&scope, '/');
    c->date = next_field(&scope, '/');
    c->region = next_field(&scope, '/');
    c->service = next_field(&scope, '/');
    long long account;
    bool known = c->key.len == 20 && memcmp(c->key.data + 1, "KIAMW00", 7) == 0;
    c->temporary = c->key.len == 20 && memcmp(c->key.data, "ASIAMW00", 8) == 0;
    known = (known && c->key.data[0] == 'A') || c->temporary;
    if (!known || !mw_parse_int(c->key.data + 8, 12, &account) || account < (long long)FIRST_ACCOUNT ||
        account >= (long long)FIRST_ACCOUNT + w->accounts) {
        c->problem = "unknown";
        snprintf(c->message, sizeof c->message, "The security token included in the request is invalid.");
        return;
    }
    c->account = (uint32_t)(account - (long long)FIRST_ACCOUNT);
}

/* True when the pair's text sorts before the other's. */
static int compare_pairs(const mw_str *a, const mw_str *b)
{
    size_t n = a->len < b->len ? a->len : b->len;
    int c = memcmp(a->data, b->data, n);
    return c ? c : (a->len > b->len) - (a->len < b->len);
}

/* Decoded and encoded again: the forms that clients send differ, the canonical one does not. */
static void canonical_query(mw_buf *out, mw_str query)
{
    mw_buf parts = {0}, plain = {0};
    mw_str keys[128], values[128];
    size_t ends[256], n = 0, e = 0;
    while (query.len && n < 128) {
        mw_str pair = next_field(&query, '&');
        if (pair.len == 0)
            continue;
        mw_str value = pair, key = next_field(&value, '=');
        const mw_str both[2] = {key, value};
        for (int i = 0; i < 2; i++) {
            mw_buf_reset(&plain);
            (void)mw_uri_decode(&plain, both[i].data, both[i].len);
            (void)mw_uri_encode(&parts, plain.len ? plain.data : "", plain.len, "");
            ends[e++] = parts.len;
        }
        n++;
    }
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        keys[i] = (mw_str){parts.data + at, ends[2 * i] - at};
        values[i] = (mw_str){parts.data + ends[2 * i], ends[2 * i + 1] - ends[2 * i]};
        at = ends[2 * i + 1];
    }
    for (size_t i = 1; i < n; i++) { /* few pairs */
        mw_str k = keys[i], v = values[i];
        size_t j = i;
        for (; j > 0; j--) {
            int c = compare_pairs(&keys[j - 1], &k);
            if (c < 0 || (c == 0 && compare_pairs(&values[j - 1], &v) <= 0))
                break;
            keys[j] = keys[j - 1];
            values[j] = values[j - 1];
        }
        keys[j] = k;
        values[j] = v;
    }
    for (size_t i = 0; i < n; i++) {
        if (i)
            (void)mw_buf_putc(out, '&');
        (void)mw_buf_add(out, keys[i].data, keys[i].len, NULL);
        (void)mw_buf_putc(out, '=');
        (void)mw_buf_add(out, values[i].data, values[i].len, NULL);
    }
    mw_buf_clear(&parts);
    mw_buf_clear(&plain);
}

static void canonical_header(mw_buf *out, const struct request *r, mw_str name)
{
    char key[128];
    if (name.len >= sizeof key)
        return;
    memcpy(key, name.data, name.len);
    key[name.len] = '\0';
    mw_str v = request_header(r, key);
    (void)mw_buf_add(out, name.data, name.len, NULL);
    (void)mw_buf_putc(out, ':');
    for (size_t i = 0; i < v.len; i++) /* runs of spaces become one */
        if (!(v.data[i] == ' ' && i + 1 < v.len && v.data[i + 1] == ' '))
            (void)mw_buf_putc(out, v.data[i]);
    (void)mw_buf_putc(out, '\n');
}

static bool header_signed(mw_str list, const char *name)
{
    while (list.len)
        if (str_is(next_field(&list, ';'), name))
            return true;
    return false;
}

/* Keys live for a day: a small table spares four HMACs of five. */
static void signing_key(uint8_t key[MW_SHA256_SIZE], const struct credential *c, const char *secret)
{
    static struct {
        char what[128];
        uint8_t key[MW_SHA256_SIZE];
    } cache[4096];
    char what[128], first[64];
    int n = snprintf(what, sizeof what, "%s/%.*s/%.*s/%.*s", secret, (int)c->date.len, c->date.data, (int)c->region.len,
                     c->region.data, (int)c->service.len, c->service.data);
    bool fits = n > 0 && (size_t)n < sizeof what;
    size_t slot = fits ? mw_hash64(what, (size_t)n) % MW_COUNT(cache) : 0;
    if (fits && strcmp(cache[slot].what, what) == 0) {
        memcpy(key, cache[slot].key, MW_SHA256_SIZE);
        return;
    }
    int f = snprintf(first, sizeof first, "AWS4%s", secret);
    mw_hmac_sha256(key, first, (size_t)f, c->date.data, c->date.len);
    const mw_str parts[] = {c->region, c->service, MW_STR("aws4_request")};
    for (size_t i = 0; i < MW_COUNT(parts); i++) {
        uint8_t next[MW_SHA256_SIZE];
        mw_hmac_sha256(next, key, MW_SHA256_SIZE, parts[i].data, parts[i].len);
        memcpy(key, next, sizeof next);
    }
    if (fits) {
        memcpy(cache[slot].what, what, sizeof what);
        memcpy(cache[slot].key, key, MW_SHA256_SIZE);
    }
}

static void refuse(struct credential *c, const char *problem, const char *message)
{
    c->problem = problem;
    snprintf(c->message, sizeof c->message, "%s", message);
}

static bool verify_session(struct credential *c, const struct world *w, const struct request *r, int64_t now,
                           mw_str *secret_source)
{
    mw_str token = request_header(r, "x-amz-security-token");
    *secret_source = c->key;
    if (!c->temporary)
        return true;
    char mac[65];
    unsigned account;
    long long expires;
    char text[SESSION_TOKEN_SIZE];
    if (!token.data || token.len < 66 || token.len >= sizeof text)
        return false;
    memcpy(text, token.data, token.len);
    text[token.len] = '\0';
    keyed(mac, w, "token", (mw_str){text, token.len - 65});
    if (strcmp(mac, text + token.len - 64) != 0)
        return false;
    text[token.len - 65] = '\0';
    if (sscanf(text, "MWtoken.%u.%lld.%63s", &account, &expires, c->session) != 3 || account != c->account)
        return false;
    if (expires < now)
        refuse(c, "expired", "The security token included in the request is expired");
    *secret_source = token;
    return true;
}

void credential_verify(struct credential *c, const struct world *w, const struct request *r, int64_t now)
{
    mw_str secret_source;
    if (!verify_session(c, w, r, now, &secret_source)) {
        refuse(c, "unknown", "The security token included in the request is invalid.");
        return;
    }
    if (c->problem)
        return;
    mw_str header = request_header(r, "authorization"), date = request_header(r, "x-amz-date");
    mw_str list = named(header, "SignedHeaders="), signature = named(header, "Signature=");
    if (!list.data || signature.len != 64 || date.len != 16 || c->date.len != 8 ||
        memcmp(date.data, c->date.data, 8) != 0 || !header_signed(list, "host")) {
        refuse(c, "incomplete",
               "Authorization header requires existence of either a 'X-Amz-Date' "
               "or a 'Date' header, and of SignedHeaders with the host.");
        return;
    }
    char iso[24];
    int64_t at;
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", date.data, date.data + 4, date.data + 6, date.data + 9,
             date.data + 11, date.data + 13);
    if (mw_time_parse(iso, strlen(iso), &at, NULL) != MW_OK) {
        refuse(c, "incomplete", "Date must be in ISO-8601 'basic format'.");
        return;
    }
    at /= 1000000000;
    bool s3 = str_is(c->service, "s3");
    int64_t allowed = s3 ? 900 : 300;
    if (at < now - allowed || at > now + allowed) {
        char when[MW_TIME_SIZE];
        mw_time_sigv4(when, now * 1000000000);
        c->problem = "skew";
        snprintf(c->message, sizeof c->message,
                 at < now ? "Signature expired: %.16s is now earlier than %s (- %lld min.)"
                          : "Signature not yet current: %.16s is still later than %s (+ %lld min.)",
                 date.data, when, (long long)allowed / 60);
        return;
    }
    mw_buf canonical = {0};
    uint8_t digest[MW_SHA256_SIZE], key[MW_SHA256_SIZE];
    char hex[65], secret[41];
    (void)mw_buf_add(&canonical, r->method.data, r->method.len, NULL);
    (void)mw_buf_putc(&canonical, '\n');
    if (s3)
        (void)mw_buf_add(&canonical, r->path.data, r->path.len, NULL);
    else
        (void)mw_uri_encode(&canonical, r->path.data, r->path.len, "/");
    (void)mw_buf_putc(&canonical, '\n');
    canonical_query(&canonical, r->query);
    (void)mw_buf_putc(&canonical, '\n');
    for (mw_str rest = list; rest.len;)
        canonical_header(&canonical, r, next_field(&rest, ';'));
    (void)mw_buf_printf(&canonical, "\n%.*s\n", (int)list.len, list.data);
    mw_sha256(digest, r->body.data, r->body.len);
    mw_hex(hex, digest, sizeof digest);
    mw_str claimed = request_header(r, "x-amz-content-sha256");
    bool matches = !claimed.data || str_is(claimed, "UNSIGNED-PAYLOAD") || str_is(claimed, hex);
    if (claimed.data)
        (void)mw_buf_add(&canonical, claimed.data, claimed.len, NULL);
    else
        (void)mw_buf_puts(&canonical, hex);
    mw_sha256(digest, canonical.data, canonical.len);
    mw_hex(hex, digest, sizeof digest);
    mw_buf_reset(&canonical);
    (void)mw_buf_printf(&canonical, "AWS4-HMAC-SHA256\n%.16s\n%.*s/%.*s/%.*s/aws4_request\n%s", date.data,
                        (int)c->date.len, c->date.data, (int)c->region.len, c->region.data, (int)c->service.len,
                        c->service.data, hex);
    secret_of(secret, w, secret_source);
    signing_key(key, c, secret);
    mw_hmac_sha256(digest, key, sizeof key, canonical.data, canonical.len);
    mw_hex(hex, digest, sizeof digest);
    mw_buf_clear(&canonical);
    if (memcmp(hex, signature.data, 64) != 0)
        refuse(c, "signature",
               "The request signature we calculated does not match the signature "
               "you provided. Check your AWS Secret Access Key and signing method.");
    else if (!matches)
        refuse(c, "payload",
               "The provided 'x-amz-content-sha256' header does not match what was "
               "computed.");
}
