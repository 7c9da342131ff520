/*
 * Reading services, operations, shapes and members: each accessor is a load from a mapped record.
 * Relies on a pack that was checked or that this binary carries; allocates nothing, locks nothing
 * except for the way to the pack's document.
 */
#include "model/pack.h"

#include "base/str.h"

#include <string.h>

/* Order of a NUL-terminated string of the pack against a name with a length. */
static int compare(const char *text, const char *name, size_t len)
{
    size_t n = strnlen(text, len + 1);
    int order = memcmp(text, name, n < len ? n : len);

    return order ? order : (n > len) - (n < len);
}

/* ---- service ---- */

#define TEXT(type, field, name)                                                                                        \
    const char *name(const type *r)                                                                                    \
    {                                                                                                                  \
        return mw__follow(&r->field);                                                                                  \
    }

TEXT(mw_service, name, mw_service_name)
TEXT(mw_service, api_version, mw_service_api_version)
TEXT(mw_service, endpoint_prefix, mw_service_endpoint_prefix)
TEXT(mw_service, signing_name, mw_service_signing_name)
TEXT(mw_service, target_prefix, mw_service_target_prefix)
TEXT(mw_service, json_version, mw_service_json_version)
TEXT(mw_service, xml_namespace, mw_service_xml_namespace)
TEXT(mw_service, signature_version, mw_service_signature_version)

const char *mw_service_id(const mw_service *s)
{
    const char *id = mw__follow(&s->id);

    return id ? id : mw_service_name(s);
}

mw_protocol mw_service_protocol(const mw_service *s)
{
    return (mw_protocol)s->protocol;
}

bool mw_service_query_compatible(const mw_service *s)
{
    return (s->flags & MW_SERVICE_QUERY_COMPATIBLE) != 0;
}

size_t mw_service_operation_count(const mw_service *s)
{
    return s->operation_count;
}

const mw_operation *mw_service_operation_at(const mw_service *s, size_t i)
{
    const mw_operation *all = mw__follow(&s->operations);

    return i < s->operation_count ? all + i : NULL;
}

const mw_operation *mw_service_operation(const mw_service *s, const char *name)
{
    const mw_operation *all = mw__follow(&s->operations);
    size_t low = 0, high = s->operation_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(mw__follow(&all[middle].name), name);

        if (order == 0)
            return all + middle;
        if (order > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const mw_shape *mw_service_error(const mw_service *s, const char *code)
{
    const mw_error_entry *all = mw__follow(&s->errors);
    size_t low = 0, high = s->error_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(mw__follow(&all[middle].code), code);

        if (order == 0)
            return mw__follow(&all[middle].shape);
        if (order > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

mw_val mw_service_extra(const mw_service *s, const char *key)
{
    const mw_models *m;
    mw_val about = mw__service_doc(s, &m);

    return mw_val_get(m->doc, about, key);
}

mw_val mw_service_ruleset(const mw_service *s)
{
    return mw_service_extra(s, "ruleset");
}

mw_val mw_service_waiters(const mw_service *s)
{
    return mw_service_extra(s, "waiters");
}

mw_val mw_service_paginator(const mw_service *s, const char *operation)
{
    const mw_models *m;
    mw_val about = mw__service_doc(s, &m);

    return mw_val_get(m->doc, mw_val_get(m->doc, about, "paginators"), operation);
}

/* ---- operation ---- */

TEXT(mw_operation, name, mw_operation_name)
TEXT(mw_operation, method, mw_operation_method)
TEXT(mw_operation, uri, mw_operation_uri)

const mw_service *mw_operation_service(const mw_operation *o)
{
    return mw__follow(&o->service);
}

const mw_shape *mw_operation_input(const mw_operation *o)
{
    return mw__follow(&o->input);
}

const mw_shape *mw_operation_output(const mw_operation *o)
{
    return mw__follow(&o->output);
}

unsigned mw_operation_response_code(const mw_operation *o)
{
    return o->response_code;
}

#define EXT_TEXT(type, ext_type, field, function)                                                                      \
    const char *function(const type *r)                                                                                \
    {                                                                                                                  \
        const ext_type *ext = mw__follow(&r->ext);                                                                     \
                                                                                                                       \
        return ext ? mw__follow(&ext->field) : NULL;                                                                   \
    }

EXT_TEXT(mw_operation, mw_operation_ext, input_location_name, mw_operation_input_location_name)
EXT_TEXT(mw_operation, mw_operation_ext, input_xml_namespace, mw_operation_input_xml_namespace)
EXT_TEXT(mw_operation, mw_operation_ext, result_wrapper, mw_operation_result_wrapper)
EXT_TEXT(mw_operation, mw_operation_ext, host_prefix, mw_operation_host_prefix)
EXT_TEXT(mw_operation, mw_operation_ext, auth_type, mw_operation_auth_type)

#define FLAG(type, flag, function)                                                                                     \
    bool function(const type *r)                                                                                       \
    {                                                                                                                  \
        return (r->flags & (flag)) != 0;                                                                               \
    }

FLAG(mw_operation, MW_OPERATION_UNSIGNED_PAYLOAD, mw_operation_unsigned_payload)
FLAG(mw_operation, MW_OPERATION_CHECKSUM_REQUIRED, mw_operation_checksum_required)
FLAG(mw_operation, MW_OPERATION_DEPRECATED, mw_operation_deprecated)

mw_val mw_operation_extra(const mw_operation *o, const char *key)
{
    const mw_models *m;
    mw_val v;

    if (!(o->flags & MW_OPERATION_EXTRA))
        return MW_VAL_ABSENT;
    v = mw_val_get(mw_service_models(mw_operation_service(o))->doc, mw__service_doc(mw_operation_service(o), &m),
                   "operations");
    return mw_val_get(m->doc, mw_val_get(m->doc, v, mw_operation_name(o)), key);
}

/* ---- shape ---- */

TEXT(mw_shape, name, mw_shape_name)

mw_shape_type mw_shape_type_of(const mw_shape *s)
{
    return (mw_shape_type)s->type;
}

mw_timestamp_format mw_shape_timestamp_format(const mw_shape *s)
{
    return (mw_timestamp_format)s->timestamp_format;
}

size_t mw_shape_member_count(const mw_shape *s)
{
    return s->type == MW_SHAPE_STRUCTURE ? s->count : 0;
}

const mw_member *mw_shape_member_at(const mw_shape *s, size_t i)
{
    const mw_member *all = mw__follow(&s->first);

    return i < mw_shape_member_count(s) ? all + i : NULL;
}

const mw_member *mw_shape_member(const mw_shape *s, const char *name, size_t len)
{
    const mw_member *all = mw__follow(&s->first);
    size_t low = 0, high = mw_shape_member_count(s);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const mw_member *m = all + all[middle].by_name;
        int order = compare(mw__follow(&m->name), name, len);

        if (order == 0)
            return m;
        if (order > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const char *wire_name(const mw_member *m)
{
    const char *wire = mw_member_location_name(m);

    return wire ? wire : mw__follow(&m->name);
}

const mw_member *mw_shape_member_wire(const mw_shape *s, const char *wire, size_t len)
{
    const mw_shape_ext *ext = mw__follow(&s->ext);
    const uint16_t *index = ext ? mw__follow(&ext->wire_index) : NULL;
    const mw_member *all = mw__follow(&s->first);
    size_t low = 0, high;

    if (s->type != MW_SHAPE_STRUCTURE || !index)
        return mw_shape_member(s, wire, len);
    /* The first of equal names: body members are sorted before header and URI ones. */
    for (high = s->count; low < high;) {
        size_t middle = low + (high - low) / 2;

        if (compare(wire_name(all + index[middle]), wire, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < s->count && compare(wire_name(all + index[low]), wire, len) == 0)
        return all + index[low];
    return NULL;
}

const mw_member *mw_shape_element(const mw_shape *s)
{
    return s->type == MW_SHAPE_LIST ? mw__follow(&s->first) : NULL;
}

const mw_member *mw_shape_key(const mw_shape *s)
{
    return s->type == MW_SHAPE_MAP ? mw__follow(&s->first) : NULL;
}

const mw_member *mw_shape_value(const mw_shape *s)
{
    const mw_member *key = mw_shape_key(s);

    return key ? key + 1 : NULL;
}

const mw_member *mw_shape_payload(const mw_shape *s)
{
    const mw_shape_ext *ext = mw__follow(&s->ext);

    return ext && ext->payload ? mw_shape_member_at(s, ext->payload - 1u) : NULL;
}

FLAG(mw_shape, MW_SHAPE_FLATTENED, mw_shape_flattened)
FLAG(mw_shape, MW_SHAPE_EXCEPTION, mw_shape_exception)
FLAG(mw_shape, MW_SHAPE_UNION, mw_shape_union)
FLAG(mw_shape, MW_SHAPE_DOCUMENT, mw_shape_document)
FLAG(mw_shape, MW_SHAPE_SENSITIVE, mw_shape_sensitive)
FLAG(mw_shape, MW_SHAPE_STREAMING, mw_shape_streaming)
FLAG(mw_shape, MW_SHAPE_EVENTSTREAM, mw_shape_eventstream)
FLAG(mw_shape, MW_SHAPE_EVENT, mw_shape_event)
FLAG(mw_shape, MW_SHAPE_WRAPPER, mw_shape_wrapper)
FLAG(mw_shape, MW_SHAPE_REQUIRES_LENGTH, mw_shape_requires_length)
FLAG(mw_shape, MW_SHAPE_RETRYABLE, mw_shape_error_retryable)
FLAG(mw_shape, MW_SHAPE_THROTTLING, mw_shape_error_throttling)

EXT_TEXT(mw_shape, mw_shape_ext, location_name, mw_shape_location_name)
EXT_TEXT(mw_shape, mw_shape_ext, xml_namespace, mw_shape_xml_namespace)
EXT_TEXT(mw_shape, mw_shape_ext, xml_prefix, mw_shape_xml_prefix)
EXT_TEXT(mw_shape, mw_shape_ext, error_code, mw_shape_error_code)

unsigned mw_shape_error_status(const mw_shape *s)
{
    const mw_shape_ext *ext = mw__follow(&s->ext);

    return ext ? ext->error_status : 0;
}

size_t mw_shape_enum_count(const mw_shape *s)
{
    return s->type == MW_SHAPE_STRING ? s->count : 0;
}

const char *mw_shape_enum_at(const mw_shape *s, size_t i)
{
    const mw_rel *all = mw__follow(&s->first);

    return i < mw_shape_enum_count(s) ? mw__follow(all + i) : NULL;
}

/* ---- member ---- */

TEXT(mw_member, name, mw_member_name)

const mw_shape *mw_member_shape(const mw_member *m)
{
    return mw__follow(&m->shape);
}

static const mw_member_ext *member_ext(const mw_member *m)
{
    return m->flags & MW_MEMBER_EXT ? mw__follow(&m->location_name) : NULL;
}

const char *mw_member_location_name(const mw_member *m)
{
    const mw_member_ext *ext = member_ext(m);

    return mw__follow(ext ? &ext->location_name : &m->location_name);
}

#define MEMBER_TEXT(field, function)                                                                                   \
    const char *function(const mw_member *m)                                                                           \
    {                                                                                                                  \
        const mw_member_ext *ext = member_ext(m);                                                                      \
                                                                                                                       \
        return ext ? mw__follow(&ext->field) : NULL;                                                                   \
    }

MEMBER_TEXT(query_name, mw_member_query_name)
MEMBER_TEXT(xml_namespace, mw_member_xml_namespace)
MEMBER_TEXT(xml_prefix, mw_member_xml_prefix)
MEMBER_TEXT(context_param, mw_member_context_param)

mw_location mw_member_location(const mw_member *m)
{
    return (mw_location)(m->flags & MW_MEMBER_LOCATION);
}

mw_timestamp_format mw_member_timestamp_format(const mw_member *m)
{
    return (mw_timestamp_format)(m->flags >> MW_MEMBER_TIMESTAMP_SHIFT & 3);
}

FLAG(mw_member, MW_MEMBER_REQUIRED, mw_member_required)
FLAG(mw_member, MW_MEMBER_FLATTENED, mw_member_flattened)
FLAG(mw_member, MW_MEMBER_IDEMPOTENCY_TOKEN, mw_member_idempotency_token)
FLAG(mw_member, MW_MEMBER_XML_ATTRIBUTE, mw_member_xml_attribute)
FLAG(mw_member, MW_MEMBER_STREAMING, mw_member_streaming)
FLAG(mw_member, MW_MEMBER_JSONVALUE, mw_member_jsonvalue)
FLAG(mw_member, MW_MEMBER_HOST_LABEL, mw_member_host_label)
FLAG(mw_member, MW_MEMBER_EVENT_PAYLOAD, mw_member_event_payload)
FLAG(mw_member, MW_MEMBER_EVENT_HEADER, mw_member_event_header)
