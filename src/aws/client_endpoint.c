/*
 * Endpoints that the client has found already. Evaluating a rule set costs as much as a third of a
 * small call, and for most operations the outcome depends on nothing but service, region and, for a
 * few services, account. It must never serve an operation whose parameters take part in the
 * decision.
 */
#include "aws/client_internal.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define ENTRIES_MAX 65536

/** Do the call's parameters, or traits of the operation, reach the rule set? */
static bool depends_on_operation(const mw_operation *op)
{
    const mw_shape *input = mw_operation_input(op);

    if (mw_operation_auth_type(op) ||
        mw_operation_extra(op, "staticContextParams") != MW_VAL_ABSENT ||
        mw_operation_extra(op, "operationContextParams") != MW_VAL_ABSENT)
        return true;
    for (size_t i = 0; input && i < mw_shape_member_count(input); i++)
        if (mw_member_context_param(mw_shape_member_at(input, i)))
            return true;
    return false;
}

static bool uses_account(const mw_service *s)
{
    const mw_doc *d = mw_models_doc(mw_service_models(s));

    return mw_val_path(d, mw_service_ruleset(s), "parameters.AccountId") != MW_VAL_ABSENT;
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
        ok = mw_http_add(a, &to->headers, from->headers.items[i].name, from->headers.items[i].value,
                         NULL) == MW_OK;
    return ok;
}

/* Not keeping one costs an evaluation, so running out of memory or room is not worth a word. */
static void remember(mw_client *c, known_endpoint **slot, const mw_service *service,
                     const char *region, const char *account, const mw_endpoint *found)
{
    known_endpoint *e;

    if (c->endpoint_count >= ENTRIES_MAX)
        return;
    e = mw_arena_alloc(&c->arena, sizeof(*e));
    if (!e || !(e->region = mw_arena_strdup(&c->arena, region)) ||
        !(e->account = mw_arena_strdup(&c->arena, account)) ||
        !copy_endpoint(&c->arena, found, &e->endpoint))
        return;
    e->service = service;
    e->next = *slot;
    *slot = e;
    c->endpoint_count++;
}

mw_status mw__client_endpoint(mw_client *c, const mw_endpoint_request *q, mw_arena *arena,
                              mw_endpoint *out, mw_error *err)
{
    const mw_service *service = mw_operation_service(q->operation);
    const char *region = q->region ? q->region : "", *account = "";
    known_endpoint **slot;
    uint64_t hash;
    mw_status st;

    if (depends_on_operation(q->operation))
        return mw_endpoint_resolve(q, arena, out, err);
    if (q->account && uses_account(service))
        account = q->account;
    hash = mw_hash64(&service, sizeof(service)) ^ mw_hash64(region, strlen(region)) * 3 ^
           mw_hash64(account, strlen(account)) * 7;
    slot = &c->endpoints[hash % MW_ENDPOINT_TABLE];
    for (known_endpoint *e = *slot; e; e = e->next) {
        if (e->service == service && strcmp(e->region, region) == 0 &&
            strcmp(e->account, account) == 0) {
            *out = e->endpoint;
            return MW_OK;
        }
    }
    if ((st = mw_endpoint_resolve(q, arena, out, err)) == MW_OK)
        remember(c, slot, service, region, account, out);
    return st;
}
