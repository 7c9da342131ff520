/*
 * Walks a service through the public accessors, look-ups by name included, so that comparing the
 * output with botocore's JSON tests the whole path; only the list of error codes, which has no
 * public form, is read from the record. Shapes may be recursive: they are listed once each and
 * referred to by number.
 */
#include "model/tool/dump.h"

#include "base/mem.h"
#include "model/pack.h"

#include <string.h>

/* Shapes met so far, in order; slots hold numbers + 1. */
struct seen {
    const mw_shape **all;
    size_t count, capacity, slot_count;
    uint32_t *slots;
    bool failed;
};

static size_t slot_of(const struct seen *seen, const mw_shape *s)
{
    size_t at = ((uintptr_t)s >> 2) * 2654435761u & (seen->slot_count - 1);

    while (seen->slots[at] && seen->all[seen->slots[at] - 1] != s)
        at = (at + 1) & (seen->slot_count - 1);
    return at;
}

static bool enlarge(struct seen *seen)
{
    size_t wanted = seen->capacity ? seen->capacity * 2 : 512;
    const mw_shape **all = mw_realloc(seen->all, wanted * sizeof(*all));
    uint32_t *slots = mw_alloc(wanted * 2 * sizeof(*slots));

    if (all)
        seen->all = all;
    if (!all || !slots) {
        mw_free(slots);
        seen->failed = true;
        return false;
    }
    mw_free(seen->slots);
    seen->slots = slots;
    seen->capacity = wanted;
    seen->slot_count = wanted * 2;
    for (size_t i = 0; i < seen->count; i++)
        seen->slots[slot_of(seen, seen->all[i])] = (uint32_t)i + 1;
    return true;
}

static long number(struct seen *seen, const mw_shape *s)
{
    size_t at;

    if (seen->count == seen->capacity && !enlarge(seen))
        return -1;
    at = slot_of(seen, s);
    if (!seen->slots[at]) {
        seen->all[seen->count++] = s;
        seen->slots[at] = (uint32_t)seen->count;
    }
    return (long)seen->slots[at] - 1;
}

/* ---- members of JSON objects; each writes its own comma behind it ---- */

static void put_text(mw_buf *out, const char *key, const char *text)
{
    if (!text)
        return;
    mw_buf_printf(out, "\"%s\":", key);
    mw_json_write_string(out, text, strlen(text));
    mw_buf_putc(out, ',');
}

static void put_flag(mw_buf *out, const char *key, bool set)
{
    if (set)
        mw_buf_printf(out, "\"%s\":true,", key);
}

static void put_number(mw_buf *out, const char *key, long n)
{
    mw_buf_printf(out, "\"%s\":%ld,", key, n);
}

static void put_value(mw_buf *out, const char *key, const mw_doc *d, mw_val v)
{
    if (v == MW_VAL_ABSENT)
        return;
    mw_buf_printf(out, "\"%s\":", key);
    mw_json_write(out, d, v, MW_JSON_COMPACT);
    mw_buf_putc(out, ',');
}

static void close_with(mw_buf *out, char bracket)
{
    if (out->len && out->data[out->len - 1] == ',')
        out->len--;
    mw_buf_putc(out, bracket);
    mw_buf_putc(out, ',');
}

/* ---- shapes ---- */

static void put_member(mw_buf *out, struct seen *seen, const mw_shape *owner, const mw_member *m)
{
    const char *name = mw_member_name(m), *wire = mw_member_location_name(m);

    mw_buf_putc(out, '{');
    put_text(out, "name", name);
    put_number(out, "shape", number(seen, mw_member_shape(m)));
    put_text(out, "locationName", wire);
    put_text(out, "queryName", mw_member_query_name(m));
    put_text(out, "xmlNamespace", mw_member_xml_namespace(m));
    put_text(out, "xmlPrefix", mw_member_xml_prefix(m));
    put_text(out, "contextParam", mw_member_context_param(m));
    put_number(out, "location", (long)mw_member_location(m));
    put_number(out, "timestampFormat", (long)mw_member_timestamp_format(m));
    put_flag(out, "required", mw_member_required(m));
    put_flag(out, "flattened", mw_member_flattened(m));
    put_flag(out, "idempotencyToken", mw_member_idempotency_token(m));
    put_flag(out, "xmlAttribute", mw_member_xml_attribute(m));
    put_flag(out, "streaming", mw_member_streaming(m));
    put_flag(out, "jsonvalue", mw_member_jsonvalue(m));
    put_flag(out, "hostLabel", mw_member_host_label(m));
    put_flag(out, "eventpayload", mw_member_event_payload(m));
    put_flag(out, "eventheader", mw_member_event_header(m));
    if (name) {
        const mw_member *found;

        if (!wire)
            wire = name;
        put_flag(out, "foundByName", mw_shape_member(owner, name, strlen(name)) == m);
        found = mw_shape_member_wire(owner, wire, strlen(wire));
        put_text(out, "foundByWire", found ? mw_member_name(found) : NULL);
    }
    close_with(out, '}');
}

static void put_shape(mw_buf *out, struct seen *seen, const mw_shape *s)
{
    mw_buf_putc(out, '{');
    put_text(out, "name", mw_shape_name(s));
    put_number(out, "type", (long)mw_shape_type_of(s));
    put_number(out, "timestampFormat", (long)mw_shape_timestamp_format(s));
    put_flag(out, "flattened", mw_shape_flattened(s));
    put_flag(out, "exception", mw_shape_exception(s));
    put_flag(out, "union", mw_shape_union(s));
    put_flag(out, "document", mw_shape_document(s));
    put_flag(out, "sensitive", mw_shape_sensitive(s));
    put_flag(out, "streaming", mw_shape_streaming(s));
    put_flag(out, "eventstream", mw_shape_eventstream(s));
    put_flag(out, "event", mw_shape_event(s));
    put_flag(out, "wrapper", mw_shape_wrapper(s));
    put_flag(out, "requiresLength", mw_shape_requires_length(s));
    put_flag(out, "retryable", mw_shape_error_retryable(s));
    put_flag(out, "throttling", mw_shape_error_throttling(s));
    put_text(out, "locationName", mw_shape_location_name(s));
    put_text(out, "xmlNamespace", mw_shape_xml_namespace(s));
    put_text(out, "xmlPrefix", mw_shape_xml_prefix(s));
    put_text(out, "errorCode", mw_shape_error_code(s));
    put_number(out, "errorStatus", (long)mw_shape_error_status(s));
    if (mw_shape_payload(s))
        put_text(out, "payload", mw_member_name(mw_shape_payload(s)));
    if (mw_shape_enum_count(s)) {
        mw_buf_puts(out, "\"enum\":[");
        for (size_t i = 0; i < mw_shape_enum_count(s); i++) {
            const char *value = mw_shape_enum_at(s, i);

            mw_json_write_string(out, value, strlen(value));
            mw_buf_putc(out, ',');
        }
        close_with(out, ']');
    }
    mw_buf_puts(out, "\"members\":[");
    for (size_t i = 0; i < mw_shape_member_count(s); i++)
        put_member(out, seen, s, mw_shape_member_at(s, i));
    if (mw_shape_element(s))
        put_member(out, seen, s, mw_shape_element(s));
    if (mw_shape_key(s)) {
        put_member(out, seen, s, mw_shape_key(s));
        put_member(out, seen, s, mw_shape_value(s));
    }
    close_with(out, ']');
    close_with(out, '}');
}

/* ---- operations and services ---- */

static void put_errors(mw_buf *out, struct seen *seen, const mw_service *s)
{
    const mw_error_entry *errors = mw__follow(&s->errors);

    mw_buf_puts(out, "\"errors\":{");
    for (uint32_t i = 0; i < s->error_count; i++) {
        const char *code = mw__follow(&errors[i].code);

        put_number(out, code, number(seen, mw_service_error(s, code)));
    }
    close_with(out, '}');
}

static void put_operation(mw_buf *out, struct seen *seen, const mw_service *s, const mw_operation *o)
{
    static const char *const extras[] = {"httpChecksum", "staticContextParams", "operationContextParams"};
    const mw_doc *d = mw_models_doc(mw_service_models(s));

    mw_buf_putc(out, '{');
    put_text(out, "name", mw_operation_name(o));
    put_flag(out, "found", mw_service_operation(s, mw_operation_name(o)) == o && mw_operation_service(o) == s);
    put_text(out, "method", mw_operation_method(o));
    put_text(out, "uri", mw_operation_uri(o));
    put_number(out, "responseCode", (long)mw_operation_response_code(o));
    if (mw_operation_input(o))
        put_number(out, "input", number(seen, mw_operation_input(o)));
    if (mw_operation_output(o))
        put_number(out, "output", number(seen, mw_operation_output(o)));
    put_text(out, "inputLocationName", mw_operation_input_location_name(o));
    put_text(out, "inputXmlNamespace", mw_operation_input_xml_namespace(o));
    put_text(out, "resultWrapper", mw_operation_result_wrapper(o));
    put_text(out, "hostPrefix", mw_operation_host_prefix(o));
    put_text(out, "authType", mw_operation_auth_type(o));
    put_flag(out, "unsignedPayload", mw_operation_unsigned_payload(o));
    put_flag(out, "checksumRequired", mw_operation_checksum_required(o));
    put_flag(out, "deprecated", mw_operation_deprecated(o));
    for (size_t i = 0; i < MW_COUNT(extras); i++)
        put_value(out, extras[i], d, mw_operation_extra(o, extras[i]));
    put_value(out, "paginator", d, mw_service_paginator(s, mw_operation_name(o)));
    close_with(out, '}');
}

mw_status mw__dump_service(mw_buf *out, const mw_service *s, mw_error *err)
{
    const mw_doc *d = mw_models_doc(mw_service_models(s));
    struct seen seen = {0};
    mw_status st;

    mw_buf_putc(out, '{');
    put_text(out, "name", mw_service_name(s));
    put_text(out, "id", mw_service_id(s));
    put_number(out, "protocol", (long)mw_service_protocol(s));
    put_text(out, "apiVersion", mw_service_api_version(s));
    put_text(out, "endpointPrefix", mw_service_endpoint_prefix(s));
    put_text(out, "signingName", mw_service_signing_name(s));
    put_text(out, "targetPrefix", mw_service_target_prefix(s));
    put_text(out, "jsonVersion", mw_service_json_version(s));
    put_text(out, "xmlNamespace", mw_service_xml_namespace(s));
    put_text(out, "signatureVersion", mw_service_signature_version(s));
    put_flag(out, "queryCompatible", mw_service_query_compatible(s));
    put_value(out, "ruleset", d, mw_service_ruleset(s));
    put_value(out, "waiters", d, mw_service_waiters(s));
    put_value(out, "paginators", d, mw_service_extra(s, "paginators"));
    put_value(out, "clientContextParams", d, mw_service_extra(s, "clientContextParams"));
    mw_buf_puts(out, "\"operations\":[");
    for (size_t i = 0; i < mw_service_operation_count(s); i++)
        put_operation(out, &seen, s, mw_service_operation_at(s, i));
    close_with(out, ']');
    put_errors(out, &seen, s);
    mw_buf_puts(out, "\"shapes\":[");
    for (size_t i = 0; i < seen.count; i++) /* grows while members are met */
        put_shape(out, &seen, seen.all[i]);
    close_with(out, ']');
    close_with(out, '}');
    if (out->len)
        out->data[out->len - 1] = '\n';
    st = seen.failed ? mw_fail(err, MW_ERR_NOMEM, "out of memory") : mw_buf_status(out, err);
    mw_free(seen.all);
    mw_free(seen.slots);
    return st;
}

mw_status mw__dump_pack(mw_buf *out, const mw_models *m, mw_error *err)
{
    mw_buf_putc(out, '{');
    put_text(out, "botocore", mw_models_botocore_version(m));
    put_value(out, "partitions", mw_models_doc(m), mw_models_partitions(m));
    put_value(out, "regions", mw_models_doc(m), mw_models_regions(m));
    close_with(out, '}');
    if (out->len)
        out->data[out->len - 1] = '\n';
    return mw_buf_status(out, err);
}
