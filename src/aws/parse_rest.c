/*
 * Answers of rest-json and rest-xml: members from the status line and the headers, and the body as
 * the remaining members, one structured payload, or raw bytes. The body itself is parse_json.c's or
 * parse_xml.c's.
 */
#include "aws/protocol_internal.h"

#include <string.h>
#include <strings.h>

static mw_status prefix_name(mw_error *err, mw_status st, const mw_error *lower, const char *name)
{
    return mw_fail(err, st, "header %s: %s", name, lower->message[0] ? lower->message : mw_status_name(st));
}

/* One element of a header list: quoted text keeps its commas. */
static const char *next_element(const char *p, mw_buf *out)
{
    mw_buf_reset(out);
    while (*p == ' ' || *p == '\t')
        p++;
    if (*p == '"') {
        for (p++; *p && *p != '"'; p++) {
            if (*p == '\\' && p[1])
                p++;
            mw_buf_putc(out, *p);
        }
        while (*p && *p != ',')
            p++;
        return p;
    }
    while (*p && *p != ',')
        mw_buf_putc(out, *p++);
    while (out->len && (out->data[out->len - 1] == ' ' || out->data[out->len - 1] == '\t'))
        out->data[--out->len] = '\0';
    return p;
}

static mw_status add_header_list(mw_doc_builder *b, const mw_shape *s, const char *value, mw_error *err)
{
    const mw_shape *element = mw_member_shape(mw_shape_element(s));
    bool dates = mw_shape_type_of(element) == MW_SHAPE_TIMESTAMP &&
                 mw_shape_timestamp_format(element) != MW_TS_ISO8601 &&
                 mw_shape_timestamp_format(element) != MW_TS_UNIX;
    MW_AUTO(mw_buf) text = {0};
    mw_status st = MW_OK;

    mw_doc_begin_array(b);
    for (const char *p = value; st == MW_OK;) {
        bool added = true;
        p = next_element(p, &text);
        if (dates && *p == ',') { /* `Mon, 16 Dec 2019 23:48:18 GMT` has a comma of its own */
            MW_AUTO(mw_buf) tail = {0};
            p = next_element(p + 1, &tail);
            mw_buf_printf(&text, ", %s", tail.data ? tail.data : "");
        }
        st = mw__add_text(b, element, text.data ? text.data : "", text.len, &added, err);
        if (*p != ',')
            break;
        p++;
    }
    if (st == MW_OK)
        mw_doc_end_array(b);
    return st;
}

/* base64 of a JSON text. */
static mw_status add_json_header(mw_doc_builder *b, const char *value, mw_error *err)
{
    const mw_json_options options = {.max_depth = MW__PROTOCOL_DEPTH};
    MW_AUTO(mw_buf) text = {0};
    mw_status st = mw_base64_decode(&text, value, strlen(value), err);

    if (st != MW_OK)
        return st;
    return mw_json_read(b, text.data ? text.data : "", text.len, &options, NULL, err);
}

static mw_status add_header(mw_doc_builder *b, const mw_member *m, const char *name, const char *value, mw_error *err)
{
    const mw_shape *s = mw_member_shape(m);
    mw_error lower = {0};
    bool added = true;
    int64_t ns;
    mw_status st;

    if (mw_shape_type_of(s) != MW_SHAPE_STRING && mw_shape_type_of(s) != MW_SHAPE_BLOB && !*value)
        return MW_OK; /* nothing is not a number */
    if (mw_str_eq(mw_member_name(m), "Expires") && mw_shape_type_of(s) == MW_SHAPE_TIMESTAMP &&
        mw_time_parse(value, strlen(value), &ns, NULL) != MW_OK)
        return MW_OK; /* set by whoever stored the object, and not always a time */
    mw_doc_ckey(b, mw_member_name(m));
    if (mw_member_jsonvalue(m))
        st = add_json_header(b, value, &lower);
    else if (mw_shape_type_of(s) == MW_SHAPE_LIST)
        st = add_header_list(b, s, value, &lower);
    else
        st = mw__add_text(b, s, value, strlen(value), &added, &lower);
    if (st == MW_OK && !added)
        mw_doc_add_null(b);
    return st == MW_OK ? MW_OK : prefix_name(err, st, &lower, name);
}

static void add_header_map(mw_doc_builder *b, const mw_member *m, const mw_http_pairs *headers)
{
    const char *prefix = mw_member_location_name(m);
    size_t len = prefix ? strlen(prefix) : 0;

    mw_doc_ckey(b, mw_member_name(m));
    mw_doc_begin_object(b);
    for (size_t i = 0; i < headers->count; i++) {
        const mw_http_pair *h = &headers->items[i];
        if (len && strncasecmp(h->name, prefix, len) != 0)
            continue;
        mw_doc_member_str(b, h->name + len, h->value);
    }
    mw_doc_end_object(b);
}

mw_status mw__parse_bindings(mw_doc_builder *b, const mw_shape *s, const mw_http_response *r, mw_error *err)
{
    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        const char *name, *value;
        mw_status st;

        switch (mw_member_location(m)) {
        case MW_LOC_STATUS_CODE: mw_doc_member_int(b, mw_member_name(m), r->status); break;
        case MW_LOC_HEADERS: add_header_map(b, m, &r->headers); break;
        case MW_LOC_HEADER:
            name = mw__wire_name(m);
            value = mw_http_get(&r->headers, name);
            if (value && (st = add_header(b, m, name, value, err)) != MW_OK)
                return st;
            break;
        default: break;
        }
    }
    return MW_OK;
}

static mw_status add_payload(const mw_operation *op, const mw_member *m, const mw_http_response *r, mw_doc_builder *b,
                             mw__xml **x, mw_error *err)
{
    const mw_shape *s = mw_member_shape(m);
    const char *body = r->body.data ? r->body.data : "";
    mw_shape_type type = mw_shape_type_of(s);

    if (mw_shape_eventstream(s)) {
        mw_doc_ckey(b, mw_member_name(m));
        return mw__parse_events(op, s, body, r->body.len, b, err);
    }
    if (type == MW_SHAPE_BLOB || type == MW_SHAPE_STRING) {
        mw_doc_ckey(b, mw_member_name(m));
        if (type == MW_SHAPE_BLOB)
            return mw__add_bytes(b, body, r->body.len, err);
        mw_doc_add_str(b, body, r->body.len);
        return MW_OK;
    }
    if (mw__blank(r->body.data, r->body.len) && (mw_shape_union(s) || mw_shape_document(s)))
        return MW_OK;
    mw_doc_ckey(b, mw_member_name(m));
    if (mw__blank(r->body.data, r->body.len)) { /* an answer without a body is a structure without members */
        mw_doc_begin_object(b);
        mw_doc_end_object(b);
        return MW_OK;
    }
    if (!*x)
        return mw__json_parse(b, s, body, r->body.len, false, err);
    mw_doc_begin_object(b);
    mw__xml_emit(*x);
    mw_doc_end_object(b);
    return MW_OK;
}

const mw_shape *mw__document_shape(const mw_shape *output)
{
    const mw_member *payload = mw_shape_payload(output);
    const mw_shape *s = payload ? mw_member_shape(payload) : output;

    if (mw_shape_type_of(s) != MW_SHAPE_STRUCTURE || mw_shape_eventstream(s))
        return NULL;
    if (payload)
        return s;
    for (size_t i = 0; i < mw_shape_member_count(s); i++)
        if (mw_member_location(mw_shape_member_at(s, i)) == MW_LOC_BODY)
            return s;
    return NULL; /* every member has its place in the head: the body says nothing */
}

mw_status mw__parse_rest(const mw_operation *op, const mw_http_response *r, mw_doc_builder *b, mw_error *err)
{
    const mw_shape *output = mw_operation_output(op);
    const mw_member *payload = mw_shape_payload(output);
    const mw_shape *s = mw__blank(r->body.data, r->body.len) ? NULL : mw__document_shape(output);
    bool xml = mw_service_protocol(mw_operation_service(op)) == MW_PROTO_REST_XML;
    mw__xml *x = NULL;
    mw_status st = MW_OK;

    if (xml && s)
        st = mw__xml_open(b, s, MW__XML_ROOT, NULL, r->body.data, r->body.len, &x, err);
    if (st == MW_OK) {
        mw_doc_begin_object(b);
        st = mw__parse_bindings(b, output, r, err);
        mw__customize_bindings(op, r, b);
    }
    if (st == MW_OK && payload)
        st = add_payload(op, payload, r, b, &x, err);
    else if (st == MW_OK && x)
        mw__xml_emit(x);
    else if (st == MW_OK && s)
        st = mw__json_answer(b, s, r->body.data, r->body.len, err);
    if (st == MW_OK)
        mw_doc_end_object(b);
    mw__xml_free(x);
    return st;
}
