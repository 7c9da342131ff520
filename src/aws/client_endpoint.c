/*
 * Endpoints that the client has found already. Evaluating a rule set costs as much as a third of a
 * small call, and calls that agree in what reaches the rule set (service, region, for a few services
 * the account, for S3 the bucket) have the same endpoint. All that may take part in the decision
 * must be part of the key.
 */
#include "aws/client_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define ENTRIES_MAX 8192 /* of some 600 bytes: buckets are as many as an account likes */

static bool uses_account(const mw_service *s)
{
    const mw_doc *d = mw_models_doc(mw_service_models(s));

    return mw_val_path(d, mw_service_ruleset(s), "parameters.AccountId") != MW_VAL_ABSENT;
}

static void add_text(mw_buf *key, const char *s)
{
    mw_json_write_string(key, s ? s : "", s ? strlen(s) : 0);
}

/* All of the call that reaches the rule set; parts are quoted, so that no two lists of them are alike. */
static void write_key(const mw_endpoint_request *q, mw_buf *key)
{
    const mw_service *service = mw_operation_service(q->operation);
    const mw_shape *input = mw_operation_input(q->operation);
    mw_val fixed = mw_operation_extra(q->operation, "staticContextParams");

    add_text(key, q->region);
    add_text(key, uses_account(service) ? q->account : NULL);
    add_text(key, mw_operation_auth_type(q->operation));
    if (fixed != MW_VAL_ABSENT)
        mw_json_write(key, mw_models_doc(mw_service_models(service)), fixed, MW_JSON_COMPACT);
    for (size_t i = 0; input && q->params_doc && i < mw_shape_member_count(input); i++) {
        const mw_member *m = mw_shape_member_at(input, i);
        mw_val v;
        if (!mw_member_context_param(m))
            continue;
        v = mw_val_get(q->params_doc, q->params, mw_member_name(m));
        add_text(key, mw_member_context_param(m));
        if (v != MW_VAL_ABSENT)
            mw_json_write(key, q->params_doc, v, MW_JSON_COMPACT);
    }
}

static const char *keep(mw_arena *a, const char *s, bool *ok)
{
    const char *copy = s ? mw_arena_strdup(a, s) : NULL;

    *ok = *ok && (copy || !s);
    return copy;
}

static bool copy_endpoint(mw_arena *a, const mw_endpoint *from, mw_endpoint *to)
{
    bool ok = true;

    *to = *from;
    to->url = keep(a, from->url, &ok);
    to->scheme = keep(a, from->scheme, &ok);
    to->host = keep(a, from->host, &ok);
    to->path = keep(a, from->path, &ok);
    to->signing_name = keep(a, from->signing_name, &ok);
    to->signing_region = keep(a, from->signing_region, &ok);
    to->auth_scheme = keep(a, from->auth_scheme, &ok);
    to->headers = (mw_http_pairs){0};
    for (size_t i = 0; ok && i < from->headers.count; i++)
        ok = mw_http_add(a, &to->headers, from->headers.items[i].name, from->headers.items[i].value, NULL) == MW_OK;
    return ok;
}

/* Not keeping one costs an evaluation, so running out of memory or room is not worth a word. */
static void remember(mw_client *c, known_endpoint **slot, const mw_service *service, const char *key,
                     const mw_endpoint *found)
{
    known_endpoint *e;

    if (c->endpoint_count >= ENTRIES_MAX)
        return;
    e = mw_arena_alloc(&c->arena, sizeof(*e));
    if (!e || !(e->key = mw_arena_strdup(&c->arena, key)) || !copy_endpoint(&c->arena, found, &e->endpoint))
        return;
    e->service = service;
    e->next = *slot;
    *slot = e;
    c->endpoint_count++;
}

mw_status mw__client_endpoint(mw_client *c, const mw_endpoint_request *q, mw_arena *arena, mw_endpoint *out,
                              mw_error *err)
{
    const mw_service *service = mw_operation_service(q->operation);
    MW_AUTO(mw_buf) key = {.max = 4096};
    known_endpoint **slot;
    mw_status st;

    write_key(q, &key);
    /* Paths into the parameters are the rule set's own business. */
    if (mw_buf_status(&key, NULL) != MW_OK ||
        mw_operation_extra(q->operation, "operationContextParams") != MW_VAL_ABSENT)
        return mw_endpoint_resolve(q, arena, out, err);
    slot = &c->endpoints[(mw_hash64(&service, sizeof(service)) ^ mw_hash64(key.data, key.len)) % MW_ENDPOINT_TABLE];
    for (known_endpoint *e = *slot; e; e = e->next) {
        if (e->service == service && strcmp(e->key, key.data) == 0) {
            *out = e->endpoint;
            return MW_OK;
        }
    }
    if ((st = mw_endpoint_resolve(q, arena, out, err)) == MW_OK)
        remember(c, slot, service, key.data, out);
    return st;
}
