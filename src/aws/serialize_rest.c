/*
 * Requests of rest-json and rest-xml: members go into the path, the query string, headers, or the
 * body, as their location says. Labels are never empty (an empty one would name another resource),
 * header values never hold a line break (it would be another header). Bodies are serialize_json.c's
 * and serialize_xml.c's.
 */
#include "aws/protocol_internal.h"
#include "base/hash.h"

#include <string.h>

struct rest {
    mw__out *o;
    mw_val params;
    bool strip_bucket;
    mw_buf path, query;
};

static mw_status text_of(struct rest *r, const mw_member *ref, mw_timestamp_format fallback, mw_val v, mw_buf *out)
{
    mw_timestamp_format f = mw_member_timestamp_format(ref);

    return mw__scalar_text(out, r->o->d, v, mw_member_shape(ref), f == MW_TS_DEFAULT ? fallback : f, r->o->err);
}

/* ---- path ---- */

static const mw_member *label_member(const mw_shape *input, const char *name, size_t len)
{
    for (size_t i = 0; input && i < mw_shape_member_count(input); i++) {
        const mw_member *m = mw_shape_member_at(input, i);
        const char *wire = mw__wire_name(m);
        if (mw_member_location(m) == MW_LOC_URI && strlen(wire) == len && memcmp(wire, name, len) == 0)
            return m;
    }
    return NULL;
}

static mw_status put_label(void *user, const char *name, size_t len, bool greedy, mw_buf *out, mw_error *err)
{
    struct rest *r = user;
    const mw_member *m = label_member(mw_operation_input(r->o->op), name, len);
    mw_val v = m ? mw__param(r->o->d, r->params, m) : MW_VAL_ABSENT;
    MW_AUTO(mw_buf) text = {0};
    mw_status st;

    if (r->strip_bucket && len == 6 && memcmp(name, "Bucket", 6) == 0)
        return MW_OK;
    if (v == MW_VAL_ABSENT)
        return mw_fail(err, MW_ERR_INVALID, "parameter %.*s is required: it is part of the path", (int)len, name);
    if ((st = text_of(r, m, MW_TS_ISO8601, v, &text)) != MW_OK)
        return st;
    if (!text.len)
        return mw_fail(err, MW_ERR_INVALID, "parameter %.*s is part of the path and may not be empty", (int)len, name);
    return mw_uri_encode(out, text.data, text.len, greedy ? "/" : "");
}

static mw_status put_path(struct rest *r)
{
    const char *uri = mw_operation_uri(r->o->op);
    mw_status st = mw__uri_expand(uri && *uri ? uri : "/", put_label, r, &r->path, &r->query, r->o->err);
    const char *path = r->path.data ? r->path.data : "";

    if (st != MW_OK)
        return st;
    if (r->strip_bucket && path[0] == '/' && path[1] == '/' && mw_str_starts(uri, "/{Bucket}/"))
        path++;
    r->o->req->path = mw_arena_strdup(r->o->req->arena, *path ? path : "/");
    return r->o->req->path ? MW_OK : mw_fail(r->o->err, MW_ERR_NOMEM, "out of memory for a path");
}

/* ---- query string ---- */

static void put_pair(struct rest *r, const char *name, size_t name_len, const char *value, size_t len)
{
    if (r->query.len)
        mw_buf_putc(&r->query, '&');
    mw_uri_encode(&r->query, name, name_len, "");
    mw_buf_putc(&r->query, '=');
    mw_uri_encode(&r->query, value, len, "");
}

static mw_status put_query_value(struct rest *r, const char *name, size_t name_len, const mw_member *ref, mw_val v)
{
    MW_AUTO(mw_buf) text = {0};
    mw_status st;

    if (mw_val_kind(r->o->d, v) == MW_KIND_NULL)
        return MW_OK;
    if ((st = text_of(r, ref, MW_TS_ISO8601, v, &text)) != MW_OK)
        return st;
    put_pair(r, name, name_len, text.data ? text.data : "", text.len);
    return MW_OK;
}

static mw_status put_query_list(struct rest *r, const char *name, size_t name_len, const mw_shape *s, mw_val v)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < mw_val_len(r->o->d, v); i++)
        st = put_query_value(r, name, name_len, mw_shape_element(s), mw_val_at(r->o->d, v, i));
    return st;
}

/* Is @p name the wire name of a query member that is set? Such a one wins over a map's key. */
static bool named(const struct rest *r, const char *name)
{
    const mw_shape *input = mw_operation_input(r->o->op);

    for (size_t i = 0; i < mw_shape_member_count(input); i++) {
        const mw_member *m = mw_shape_member_at(input, i);
        if (mw_member_location(m) == MW_LOC_QUERYSTRING && mw_shape_type_of(mw_member_shape(m)) != MW_SHAPE_MAP &&
            strcmp(mw__wire_name(m), name) == 0 && mw__param(r->o->d, r->params, m) != MW_VAL_ABSENT)
            return true;
    }
    return false;
}

static mw_status put_query_map(struct rest *r, const mw_shape *s, mw_val v)
{
    const mw_member *ref = mw_shape_value(s);
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < mw_val_len(r->o->d, v); i++) {
        mw_val key, value = mw_val_member(r->o->d, v, i, &key);
        size_t len;
        const char *name = mw_val_str(r->o->d, key, &len);
        if (named(r, name))
            continue;
        if (mw_shape_type_of(mw_member_shape(ref)) == MW_SHAPE_LIST)
            st = put_query_list(r, name, len, mw_member_shape(ref), value);
        else
            st = put_query_value(r, name, len, ref, value);
    }
    return st;
}

static mw_status put_query(struct rest *r, const mw_member *m, mw_val v)
{
    const mw_shape *s = mw_member_shape(m);
    const char *name = mw__wire_name(m);

    if (mw_shape_type_of(s) == MW_SHAPE_MAP)
        return put_query_map(r, s, v);
    if (mw_shape_type_of(s) == MW_SHAPE_LIST)
        return put_query_list(r, name, strlen(name), s, v);
    return put_query_value(r, name, strlen(name), m, v);
}

/* ---- headers ---- */

static mw_status set_header(struct rest *r, const char *name, const mw_buf *value)
{
    const char *text = value->data ? value->data : "";

    if (strlen(text) != value->len || strpbrk(text, "\r\n") || strpbrk(name, "\r\n: "))
        return mw_fail(r->o->err, MW_ERR_INVALID,
                       "the parameter for header %.60s holds a character that a header cannot carry", name);
    return mw__set_header(r->o, name, text);
}

static mw_status put_header_list(struct rest *r, const mw_shape *s, mw_val v, mw_buf *out)
{
    const mw_member *element = mw_shape_element(s);
    bool string = mw_shape_type_of(mw_member_shape(element)) == MW_SHAPE_STRING;
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < mw_val_len(r->o->d, v); i++) {
        mw_val e = mw_val_at(r->o->d, v, i);
        MW_AUTO(mw_buf) text = {0};
        if (mw_val_kind(r->o->d, e) == MW_KIND_NULL)
            continue;
        if ((st = text_of(r, element, MW_TS_RFC822, e, &text)) != MW_OK)
            return st;
        if (out->len)
            mw_buf_putc(out, ',');
        if (!string || !text.data || !strpbrk(text.data, ",\"")) {
            mw_buf_add(out, text.data ? text.data : "", text.len, NULL);
            continue;
        }
        mw_buf_putc(out, '"');
        for (size_t k = 0; k < text.len; k++) {
            if (text.data[k] == '"')
                mw_buf_putc(out, '\\');
            mw_buf_putc(out, text.data[k]);
        }
        mw_buf_putc(out, '"');
    }
    return st;
}

static mw_status put_header(struct rest *r, const mw_member *m, mw_val v)
{
    const mw_shape *s = mw_member_shape(m);
    MW_AUTO(mw_buf) text = {0};
    MW_AUTO(mw_buf) json = {0};
    mw_status st = MW_OK;

    if (mw_member_jsonvalue(m)) {
        mw_json_write(&json, r->o->d, v, MW_JSON_COMPACT);
        mw_base64_encode(&text, json.data ? json.data : "", json.len);
    } else if (mw_shape_type_of(s) == MW_SHAPE_LIST) {
        if (mw_val_len(r->o->d, v) == 0)
            return MW_OK;
        st = put_header_list(r, s, v, &text);
    } else {
        st = text_of(r, m, MW_TS_RFC822, v, &text);
    }
    if (st == MW_OK)
        st = mw_buf_status(&text, r->o->err);
    return st == MW_OK ? set_header(r, mw__wire_name(m), &text) : st;
}

static mw_status put_header_map(struct rest *r, const mw_member *m, mw_val v)
{
    const char *prefix = mw_member_location_name(m);
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < mw_val_len(r->o->d, v); i++) {
        mw_val key, value = mw_val_member(r->o->d, v, i, &key);
        MW_AUTO(mw_buf) name = {0};
        MW_AUTO(mw_buf) text = {0};
        mw_buf_printf(&name, "%s%s", prefix ? prefix : "", mw_val_str(r->o->d, key, NULL));
        st = mw__scalar_text(&text, r->o->d, value, mw_member_shape(mw_shape_value(mw_member_shape(m))), MW_TS_DEFAULT,
                             r->o->err);
        if (st == MW_OK)
            st = mw_buf_status(&name, r->o->err);
        if (st == MW_OK)
            st = set_header(r, name.data, &text);
    }
    return st;
}

/* ---- body ---- */

static mw_status put_raw(struct rest *r, const mw_shape *s, mw_val v, mw_buf *body)
{
    size_t len;
    const char *text = mw_val_str(r->o->d, v, &len);

    if (!text)
        return MW_OK;
    if (mw_shape_type_of(s) == MW_SHAPE_BLOB)
        return mw_base64_decode(body, text, len, r->o->err);
    return mw_buf_add(body, text, len, r->o->err);
}

static mw_status put_payload_xml(struct rest *r, const mw_member *m, mw_val v, mw_buf *body)
{
    const mw_shape *s = mw_member_shape(m);
    const char *name = mw_member_location_name(m), *prefix = NULL;
    const char *ns = mw__xml_namespace(m, &prefix);

    if (!name)
        name = mw_shape_location_name(s);
    if (!name)
        name = mw_shape_name(s);
    return mw__xml_serialize_root(body, r->o->d, v, s, name, ns, prefix, false, r->o->err);
}

static mw_status put_body_xml(struct rest *r, const mw_shape *input, mw_buf *body)
{
    const char *name = mw_operation_input_location_name(r->o->op), *prefix = NULL;
    const char *ns = mw_operation_input_xml_namespace(r->o->op);

    if (!name)
        name = mw_shape_location_name(input);
    if (!name)
        name = mw_shape_name(input);
    if (!ns) {
        ns = mw_shape_xml_namespace(input);
        prefix = mw_shape_xml_prefix(input);
    }
    return mw__xml_serialize_root(body, r->o->d, r->params, input, name, ns, prefix, true, r->o->err);
}

/* Are there members that live in the body, and is one of them set? */
static bool has_body(const struct rest *r, const mw_shape *input, bool *set)
{
    bool any = false;

    *set = false;
    for (size_t i = 0; i < mw_shape_member_count(input); i++) {
        const mw_member *m = mw_shape_member_at(input, i);
        if (mw_member_location(m) != MW_LOC_BODY)
            continue;
        any = true;
        if (mw__param(r->o->d, r->params, m) != MW_VAL_ABSENT)
            *set = true;
    }
    return any;
}

static mw_status put_body(struct rest *r, const mw_shape *input)
{
    bool xml = mw_service_protocol(mw_operation_service(r->o->op)) == MW_PROTO_REST_XML;
    const mw_member *payload = mw_shape_payload(input);
    const mw_shape *s = payload ? mw_member_shape(payload) : input;
    mw_val v = payload ? mw__param(r->o->d, r->params, payload) : r->params;
    MW_AUTO(mw_buf) body = {0};
    bool raw = payload && (mw_shape_type_of(s) == MW_SHAPE_BLOB || mw_shape_type_of(s) == MW_SHAPE_STRING);
    bool set;
    mw_status st = MW_OK;

    if (payload && mw_shape_eventstream(s))
        return mw_fail(r->o->err, MW_ERR_UNSUPPORTED, "event streams as input need HTTP/2");
    if (raw)
        st = put_raw(r, s, v, &body);
    else if (payload && v == MW_VAL_ABSENT)
        st = xml ? MW_OK : mw_buf_puts(&body, "{}");
    else if (payload)
        st = xml ? put_payload_xml(r, payload, v, &body)
                 : mw__json_serialize(&body, r->o->d, v, s, mw_member_timestamp_format(payload), false, r->o->err);
    else if (!has_body(r, input, &set) || (xml && !set))
        return MW_OK;
    else
        st = xml ? put_body_xml(r, input, &body)
                 : mw__json_serialize(&body, r->o->d, v, input, MW_TS_DEFAULT, true, r->o->err);
    if (st != MW_OK || !body.len)
        return st;
    if (!raw && !mw_http_get(&r->o->req->headers, "Content-Type") &&
        (st = mw__set_header(r->o, "Content-Type", xml ? "application/xml" : "application/json")) != MW_OK)
        return st;
    return mw__set_body(r->o, &body);
}

/* ---- the door ---- */

static mw_status put_locations(struct rest *r, const mw_shape *input)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < mw_shape_member_count(input); i++) {
        const mw_member *m = mw_shape_member_at(input, i);
        mw_val v = mw__param(r->o->d, r->params, m);
        if (v == MW_VAL_ABSENT)
            continue;
        if (mw_member_location(m) == MW_LOC_QUERYSTRING)
            st = put_query(r, m, v);
        else if (mw_member_location(m) == MW_LOC_HEADER)
            st = put_header(r, m, v);
        else if (mw_member_location(m) == MW_LOC_HEADERS)
            st = put_header_map(r, m, v);
    }
    return st;
}

mw_status mw__serialize_rest(mw__out *o, mw_val params, bool strip_bucket)
{
    const mw_shape *input = mw_operation_input(o->op);
    struct rest r = {.o = o, .params = params, .strip_bucket = strip_bucket};
    mw_status st = put_path(&r);

    if (st == MW_OK && input)
        st = put_locations(&r, input);
    if (st == MW_OK && input)
        st = put_body(&r, input);
    if (st == MW_OK && mw_str_eq(mw_service_id(mw_operation_service(o->op)), "API Gateway"))
        st = mw__set_header(o, "Accept", "application/json"); /* its default is HAL, another shape */
    if (st == MW_OK)
        st = mw_buf_status(&r.query, o->err);
    if (st == MW_OK && r.query.len) {
        o->req->query = mw_arena_strndup(o->req->arena, r.query.data, r.query.len);
        if (!o->req->query)
            st = mw_fail(o->err, MW_ERR_NOMEM, "out of memory for a query string");
    }
    mw_buf_clear(&r.path);
    mw_buf_clear(&r.query);
    return st;
}
