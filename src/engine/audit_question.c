/*
 * What a worker asks for, looked at before anything is sent: pure, and the one place that keeps audits to
 * reading. Relies on the data behind mw_operation_read_only(), which says no when in doubt.
 */
#include "engine/audit_internal.h"

#include <stdio.h>
#include <string.h>

static mw_status split_operation(const mw_models *models, mw_str text, const mw_operation **op, mw_error *err)
{
    char service[64], operation[128];
    const char *colon = text.data ? memchr(text.data, ':', text.len) : NULL;
    size_t len = colon ? (size_t)(colon - text.data) : 0;

    if (!colon || len == 0 || len >= sizeof(service) || text.len - len - 1 >= sizeof(operation) ||
        text.len - len - 1 == 0)
        return mw_fail(err, MW_ERR_INVALID, "an operation is written \"ec2:DescribeInstances\"");
    snprintf(service, sizeof(service), "%.*s", (int)len, text.data);
    snprintf(operation, sizeof(operation), "%.*s", (int)(text.len - len - 1), colon + 1);
    return mw_client_operation(models, service, operation, op, err);
}

mw_status mw__audit_question(const mw_models *models, const mw_record *rec, mw_doc_builder *b, const mw_operation **op,
                             mw_val *params, mw_error *err)
{
    const mw_json_options json = {.max_depth = 64};
    mw_status st;

    *params = MW_VAL_ABSENT;
    if (rec->item >= MW_VM_ASK_COUNT)
        return mw_fail(err, MW_ERR_INVALID, "a question of an unknown kind");
    if ((st = split_operation(models, rec->text[0], op, err)) != MW_OK)
        return st;
    if (!mw_operation_read_only(*op))
        return mw_fail(err, MW_ERR_CONFLICT, "%s:%s is not known to be read-only, and audits only read",
                       mw_service_name(mw_operation_service(*op)), mw_operation_name(*op));
    if (!rec->text[1].data)
        return MW_OK;
    if ((st = mw_json_read(b, rec->text[1].data, rec->text[1].len, &json, NULL, err)) != MW_OK)
        return mw_error_prefix(err, st, "parameters");
    *params = mw_doc_pop(b);
    if (mw_val_kind(mw_doc_view(b), *params) != MW_KIND_OBJECT)
        return mw_fail(err, MW_ERR_INVALID, "parameters: expected a table with names");
    return MW_OK;
}

mw_status mw__audit_items_key(const mw_operation *op, char *out, size_t size, mw_error *err)
{
    const mw_service *service = mw_operation_service(op);
    const mw_doc *d = mw_models_doc(mw_service_models(service));
    mw_val key = mw_val_get(d, mw_service_paginator(service, mw_operation_name(op)), "result_key");
    const char *name;

    if (mw_val_kind(d, key) == MW_KIND_ARRAY)
        key = mw_val_at(d, key, 0);
    name = mw_val_str(d, key, NULL);
    if (!name || strlen(name) >= size ||
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.") != strlen(name))
        return mw_fail(err, MW_ERR_UNSUPPORTED, "%s:%s has no modelled list of items; use aws.call or aws.pages",
                       mw_service_name(service), mw_operation_name(op));
    snprintf(out, size, "%s", name);
    return MW_OK;
}
