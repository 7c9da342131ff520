/*
 * What all credential providers share: when to refresh, who waits, what a failure means, and the
 * small parsers of credential documents. Relies on each provider's class for the fetching itself.
 * Never logs or prints key material: messages name sources, never values.
 *
 * Windows as botocore has them: from 15 minutes before the end one refresh is tried in the
 * background, from 10 minutes before it everyone waits for it.
 */
#include "aws/credentials_internal.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

#define ADVISORY_SECONDS  900 /* botocore RefreshableCredentials._advisory_refresh_timeout */
#define MANDATORY_SECONDS 600 /* botocore RefreshableCredentials._mandatory_refresh_timeout */
/* A source that just failed is not asked again for each of a thousand calls. */
#define FAILURE_SECONDS   30
#define MAX_WAITERS       1000000u

const mw_doc_options mw__secret_doc = {.secret = true};

void mw_credentials_clear(mw_credentials *c)
{
    mw_secret_clear(&c->secret_access_key);
    mw_secret_clear(&c->session_token);
    mw_secret_clear(&c->bearer_token);
    mw_secret_clear(&c->signing_keys);
    memset(c, 0, sizeof(*c));
}

/* ---- life ---- */

mw_status mw__provider_new(const mw_provider_class *class, size_t size, const char *description, void *out,
                           mw_error *err)
{
    mw_provider *p = mw_alloc(size);

    if (p)
        p->description = mw_strdup(description);
    if (!p || !p->description) {
        mw_free(p);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    p->class = class;
    p->refs = 1;
    p->advisory_seconds = ADVISORY_SECONDS;
    p->mandatory_seconds = MANDATORY_SECONDS;
    *(mw_provider **)out = p;
    return MW_OK;
}

mw_provider *mw_provider_ref(mw_provider *p)
{
    if (p)
        p->refs++;
    return p;
}

void mw_provider_unref(mw_provider *p)
{
    if (!p || --p->refs > 0)
        return;
    if (p->class->clear)
        p->class->clear(p);
    mw_provider_unref(p->source);
    mw_credentials_clear(&p->current);
    mw_credentials_clear(&p->fresh);
    mw_free(p->description);
    mw_free(p->waiters);
    mw_free(p);
}

const char *mw_provider_describe(const mw_provider *p)
{
    return p->description;
}

/* ---- refreshing ---- */

static bool valid_for(const mw_provider *p, int64_t now, int64_t seconds)
{
    return p->usable && (p->current.expires_at_unix == 0 || p->current.expires_at_unix - now >= seconds);
}

/* Takes what a refresh brought as `current`, unless it is useless. */
static mw_status accept_fresh(mw_provider *p, mw_error *err)
{
    mw_credentials *f = &p->fresh;
    bool bearer = mw_secret_is_set(&f->bearer_token);
    mw_status st = MW_OK;

    if (!bearer && (!*f->access_key_id || !mw_secret_is_set(&f->secret_access_key)))
        st = mw_fail(err, MW_ERR_CREDENTIALS, "%s: gave no credentials", p->description);
    else if (f->expires_at_unix != 0 && f->expires_at_unix <= p->asked_at_unix)
        st = mw_fail(err, MW_ERR_CREDENTIALS, "%s: gave credentials that have expired already", p->description);
    else if (bearer)
        st = mw__credentials_set_bearer(&p->current, f->bearer_token.data, f->expires_at_unix, err);
    else /* copied: a secret is known to the log by its address */
        st = mw__credentials_set(&p->current, f->access_key_id, f->secret_access_key.data, f->session_token.data,
                                 f->account_id, f->expires_at_unix, err);
    mw_credentials_clear(f);
    if (!*p->current.access_key_id && !mw_secret_is_set(&p->current.bearer_token))
        p->usable = false; /* memory ran out over the copy: the keys from before are gone */
    if (st != MW_OK)
        return st;
    p->usable = true;
    p->failed_at_unix = 0;
    return MW_OK;
}

static void remember_failure(mw_provider *p, mw_status status, const mw_error *error)
{
    p->failure = *error;
    p->failure.status = status;
    p->failed_at_unix = p->asked_at_unix ? p->asked_at_unix : 1;
    mw_credentials_clear(&p->fresh);
    mw_log_debug("credentials: %s", error->message);
}

/* Waiters may ask again from their callback, so the list is taken off first. */
static void wake(mw_provider *p, mw_status status, const mw_error *error)
{
    mw_waiter *waiters = p->waiters;
    size_t count = p->waiter_count;

    p->waiters = NULL;
    p->waiter_count = p->waiter_cap = 0;
    for (size_t i = 0; i < count; i++)
        waiters[i].ready(waiters[i].user, status, status == MW_OK ? NULL : error);
    mw_free(waiters);
}

void mw__provider_finish(mw_provider *p, mw_status status, const mw_error *error)
{
    mw_error local = {0};

    p->refreshing = false;
    if (status == MW_OK)
        status = accept_fresh(p, &local);
    else if (error)
        local = *error;
    if (status != MW_OK)
        remember_failure(p, status, &local);
    wake(p, status, &local);
    mw_provider_unref(p); /* the reference that the refresh in flight held */
}

/* MW_OK: `current` is fresh. MW_ERR_PENDING: under way. */
static mw_status start(mw_provider *p, int64_t now, mw_error *err)
{
    mw_error local = {0};
    mw_status st;

    if (p->refreshing)
        return MW_ERR_PENDING;
    if (p->failed_at_unix != 0 && now - p->failed_at_unix < FAILURE_SECONDS && now >= p->failed_at_unix) {
        if (err)
            *err = p->failure;
        return p->failure.status;
    }
    p->asked_at_unix = now;
    p->refreshing = true;
    mw_provider_ref(p);
    st = p->class->refresh(p, now, &local);
    if (st == MW_ERR_PENDING) {
        if (p->refreshing)
            return st;
        /* The carrier answered from inside `send`: mw__provider_finish() has run already. */
        if (p->failed_at_unix == 0)
            return MW_OK;
        if (err)
            *err = p->failure;
        return p->failure.status;
    }
    p->refreshing = false;
    if (st == MW_OK)
        st = accept_fresh(p, &local);
    if (st != MW_OK) {
        remember_failure(p, st, &local);
        if (err)
            *err = p->failure;
    }
    mw_provider_unref(p);
    return st;
}

static mw_status add_waiter(mw_provider *p, mw_provider_ready ready, void *user, mw_error *err)
{
    if (p->waiter_count >= MAX_WAITERS)
        return mw_fail(err, MW_ERR_LIMIT, "%s: more than %u callers wait for credentials", p->description, MAX_WAITERS);
    if (p->waiter_count == p->waiter_cap) {
        size_t cap = p->waiter_cap ? p->waiter_cap * 2 : 8;
        mw_waiter *grown = mw_realloc(p->waiters, cap * sizeof(*grown));

        if (!grown)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        p->waiters = grown;
        p->waiter_cap = cap;
    }
    p->waiters[p->waiter_count++] = (mw_waiter){ready, user};
    return MW_OK;
}

mw_status mw_provider_get(mw_provider *p, int64_t now_unix, const mw_credentials **out, mw_provider_ready ready,
                          void *user, mw_error *err)
{
    mw_status st;

    *out = NULL;
    if (valid_for(p, now_unix, p->mandatory_seconds)) {
        if (!valid_for(p, now_unix, p->advisory_seconds))
            start(p, now_unix, NULL); /* a failure here is only remembered: they still work */
        if (p->usable) {
            *out = &p->current;
            return MW_OK;
        }
    }
    st = start(p, now_unix, err);
    /* A source may hand out keys with less than the window left (the last minutes of a container
     * role): they are used while they last, and asked for anew each time. */
    if (st == MW_OK)
        *out = &p->current;
    if (st != MW_ERR_PENDING)
        return st;
    st = add_waiter(p, ready, user, err);
    return st == MW_OK ? MW_ERR_PENDING : st;
}

void mw_provider_invalidate(mw_provider *p)
{
    p->usable = false;
    p->failed_at_unix = 0;
}

/* ---- credentials that come of others ---- */

static void source_ready(void *user, mw_status status, const mw_error *error)
{
    mw_provider *p = user;
    mw_error err = {0};

    if (status == MW_OK) {
        status = mw__provider_refresh_from_source(p, p->asked_at_unix, &err);
        if (status == MW_ERR_PENDING)
            return;
    } else {
        err = *error;
        mw_error_prefix(&err, status, "%s", p->description);
    }
    mw__provider_finish(p, status, &err);
}

mw_status mw__provider_refresh_from_source(mw_provider *p, int64_t now_unix, mw_error *err)
{
    const mw_credentials *credentials;
    mw_status st = mw_provider_get(p->source, now_unix, &credentials, source_ready, p, err);

    if (st == MW_OK)
        return p->class->ask(p, credentials, err);
    return st == MW_ERR_PENDING ? st : mw_error_prefix(err, st, "%s", p->description);
}

/* ---- documents ---- */

mw_status mw__credentials_set_bearer(mw_credentials *c, const char *token, int64_t expires_at_unix, mw_error *err)
{
    mw_credentials_clear(c);
    /* RFC 6750 allows no blanks or control characters; one would end the header. */
    if (!*token)
        return mw_fail(err, MW_ERR_CREDENTIALS, "the bearer token is empty");
    for (const char *s = token; *s; s++)
        if (*s <= ' ' || *s > '~')
            return mw_fail(err, MW_ERR_CREDENTIALS, "the bearer token has a character that no token has");
    c->expires_at_unix = expires_at_unix;
    return mw_secret_set(&c->bearer_token, token, strlen(token), err);
}

mw_status mw__credentials_set(mw_credentials *c, const char *access_key_id, const char *secret, const char *token,
                              const char *account, int64_t expires_at_unix, mw_error *err)
{
    size_t n = strlen(access_key_id);
    mw_status st;

    mw_credentials_clear(c);
    if (n == 0 || n >= sizeof(c->access_key_id))
        return mw_fail(err, MW_ERR_CREDENTIALS, "the access key id is empty or over 128 bytes");
    for (size_t i = 0; i < n; i++)
        if (access_key_id[i] <= ' ' || access_key_id[i] == '/' || access_key_id[i] == ',')
            return mw_fail(err, MW_ERR_CREDENTIALS, "the access key id has a character that no key has");
    if (!*secret)
        return mw_fail(err, MW_ERR_CREDENTIALS, "the secret access key is empty");
    memcpy(c->access_key_id, access_key_id, n + 1);
    st = mw_secret_set(&c->secret_access_key, secret, strlen(secret), err);
    if (st == MW_OK && token && *token)
        st = mw_secret_set(&c->session_token, token, strlen(token), err);
    if (st == MW_OK)
        st = mw_secret_set(&c->signing_keys, NULL, MW_SIGNING_KEYS_BYTES, err);
    if (st != MW_OK) {
        mw_credentials_clear(c);
        return st;
    }
    if (account && strlen(account) == 12)
        memcpy(c->account_id, account, 13);
    c->expires_at_unix = expires_at_unix;
    return MW_OK;
}

#define MAX_LOGIN_BYTES ((size_t)1 << 20)

mw_status mw__read_login(const char *path, const char *source, const char *login, mw_buf *text, mw_doc_builder **b,
                         mw_val *out, mw_error *err)
{
    mw_status st;

    mw_buf_clear(text);
    text->max = MAX_LOGIN_BYTES;
    st = mw_file_read(path, text, err);
    if (st == MW_ERR_NOTFOUND)
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s: there is no login in %s; %s", source, path, login);
    if (st != MW_OK || (st = mw_doc_builder_new(&mw__secret_doc, b, err)) != MW_OK)
        return st;
    /* The parser's own message may quote the text, which holds secrets. */
    if (mw_json_read(*b, text->data ? text->data : "", text->len, NULL, NULL, NULL) != MW_OK)
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s: %s is not JSON", source, path);
    *out = mw_doc_pop(*b);
    return MW_OK;
}

void mw__begin_object_like(mw_doc_builder *b, mw_val v)
{
    const mw_doc *d = mw_doc_view(b);

    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_val_len(d, v); i++) {
        mw_val key;
        mw_val member = mw_val_member(d, v, i, &key);

        mw_doc_key_val(b, key);
        mw_doc_add_val(b, member);
    }
}

mw_status mw__credentials_expiry(const char *text, const char *source, int64_t *out, mw_error *err)
{
    int64_t ns;

    if (mw_time_parse(text, strlen(text), &ns, NULL) != MW_OK)
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s: the expiration is not a time (expected 2026-01-02T03:04:05Z)",
                       source);
    *out = ns / INT64_C(1000000000);
    if (*out == 0)
        *out = 1; /* 0 means never */
    return MW_OK;
}

mw_status mw__credentials_from_json(const char *text, size_t len, const char *source, mw_credentials *out,
                                    mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_doc_options options = {.max_bytes = (size_t)1 << 20, .secret = true};
    const mw_doc *d;
    const char *key, *secret, *token, *expiration;
    int64_t expires = 0;
    mw_val v;
    mw_status st = mw_doc_builder_new(&options, &b, err);

    if (st != MW_OK)
        return st;
    d = mw_doc_view(b);
    /* The parser's own message may quote the text, which holds secrets. */
    if (mw_json_read(b, text, len, NULL, NULL, NULL) != MW_OK) {
        st = mw_fail(err, MW_ERR_CREDENTIALS, "%s: the answer is not JSON", source);
        goto out;
    }
    v = mw_doc_pop(b);
    key = mw_val_get_str(d, v, "AccessKeyId", NULL);
    secret = mw_val_get_str(d, v, "SecretAccessKey", NULL);
    token = mw_val_get_str(d, v, "SessionToken", mw_val_get_str(d, v, "Token", NULL));
    expiration = mw_val_get_str(d, v, "Expiration", NULL);
    if (!key || !secret) {
        const char *code = mw_val_get_str(d, v, "Code", NULL);
        st = mw_fail(err, MW_ERR_CREDENTIALS, "%s: AccessKeyId or SecretAccessKey is missing%s%s", source,
                     code ? ", Code is " : "", code ? code : "");
        goto out;
    }
    if (expiration && (st = mw__credentials_expiry(expiration, source, &expires, err)) != MW_OK)
        goto out;
    st = mw__credentials_set(out, key, secret, token, mw_val_get_str(d, v, "AccountId", NULL), expires, err);
    if (st != MW_OK)
        mw_error_prefix(err, st, "%s", source);
out:
    mw_doc_builder_free(b);
    return st;
}

void mw_provider_about(const mw_provider *p, char key_tail[5], int64_t *expires_at_unix)
{
    const char *id = p->usable ? p->current.access_key_id : "";
    size_t len = strlen(id);

    snprintf(key_tail, 5, "%s", len >= 16 ? id + len - 4 : ""); /* of a shorter one, four would be too much */
    *expires_at_unix = p->usable ? p->current.expires_at_unix : 0;
}
