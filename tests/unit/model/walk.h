/* Reads every record of a pack through every accessor, so that a sanitizer sees what a damaged pack does. */
#ifndef MW_TESTS_MODEL_WALK_H
#define MW_TESTS_MODEL_WALK_H

#include "model/pack.h"

#include <string.h>

static size_t walk_text(const char *s)
{
    return s ? strlen(s) : 0;
}

static size_t walk_member(const mw_member *m)
{
    if (!m)
        return 0;
    return walk_text(mw_member_name(m)) + walk_text(mw_shape_name(mw_member_shape(m))) +
           walk_text(mw_member_location_name(m)) + walk_text(mw_member_query_name(m)) +
           walk_text(mw_member_xml_namespace(m)) + walk_text(mw_member_xml_prefix(m)) +
           walk_text(mw_member_context_param(m)) + mw_member_location(m) + mw_member_timestamp_format(m);
}

static size_t walk_shape(const mw_shape *s)
{
    size_t sum = walk_text(mw_shape_name(s)) + walk_text(mw_shape_location_name(s)) +
                 walk_text(mw_shape_xml_namespace(s)) + walk_text(mw_shape_xml_prefix(s)) +
                 walk_text(mw_shape_error_code(s)) + mw_shape_error_status(s) + walk_member(mw_shape_payload(s)) +
                 walk_member(mw_shape_element(s)) + walk_member(mw_shape_key(s)) + walk_member(mw_shape_value(s)) +
                 walk_member(mw_shape_member(s, "Name", 4)) + walk_member(mw_shape_member_wire(s, "x", 1));

    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        const char *name = mw_member_name(m);

        sum += walk_member(m) + walk_member(mw_shape_member(s, name, strlen(name))) +
               walk_member(mw_shape_member_wire(s, name, strlen(name)));
    }
    for (size_t i = 0; i < mw_shape_enum_count(s); i++)
        sum += walk_text(mw_shape_enum_at(s, i));
    return sum;
}

static size_t walk_pack(const mw_models *m)
{
    const mw_shape *shapes = mw__pack_table(m->header, MW_PACK_SHAPES);
    size_t sum = walk_text(mw_models_botocore_version(m));

    for (uint32_t i = 0; i < m->header->tables[MW_PACK_SHAPES].count; i++)
        sum += walk_shape(shapes + i);
    for (size_t i = 0; i < mw_models_service_count(m); i++) {
        const mw_service *s = mw_models_service_at(m, i);

        sum += walk_text(mw_service_name(s)) + walk_text(mw_service_id(s)) + walk_text(mw_service_api_version(s)) +
               walk_text(mw_service_endpoint_prefix(s)) + walk_text(mw_service_signing_name(s)) +
               walk_text(mw_service_target_prefix(s)) + walk_text(mw_service_json_version(s)) +
               walk_text(mw_service_xml_namespace(s)) + walk_text(mw_service_signature_version(s)) +
               (size_t)mw_service_protocol(s) + (mw_service_error(s, "Thing.Missing") != NULL) +
               (mw_service_operation(s, "PutThing") != NULL) + (mw_models_service(m, mw_service_name(s)) != NULL) +
               mw_service_ruleset(s) + mw_service_waiters(s) + mw_service_paginator(s, "PutThing");
        for (size_t k = 0; k < mw_service_operation_count(s); k++) {
            const mw_operation *o = mw_service_operation_at(s, k);

            sum += walk_text(mw_operation_name(o)) + walk_text(mw_operation_method(o)) +
                   walk_text(mw_operation_uri(o)) + walk_text(mw_service_name(mw_operation_service(o))) +
                   walk_text(mw_operation_input_location_name(o)) + walk_text(mw_operation_input_xml_namespace(o)) +
                   walk_text(mw_operation_result_wrapper(o)) + walk_text(mw_operation_host_prefix(o)) +
                   walk_text(mw_operation_auth_type(o)) + mw_operation_extra(o, "httpChecksum");
        }
    }
    return sum;
}

#endif
