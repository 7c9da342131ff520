/*
 * Event streams as an array of {"EventName": {...}}: the whole body is there, so messages are read
 * in order. Framing is eventstream.c's, payloads are the service protocol's. Exceptions inside the
 * stream are the call's error. Events that the model lacks are dropped.
 */
#include "aws/eventstream.h"
#include "aws/protocol_internal.h"

#include <stdio.h>
#include <string.h>

static bool header_is(const mw__event *e, const char *name, const char *value)
{
    mw__event_header h;

    return mw__event_find(e, name, &h) && h.type == MW__EVENT_STRING && h.len == strlen(value) &&
           memcmp(h.data, value, h.len) == 0;
}

static void copy_header(const mw__event *e, const char *name, char *out, size_t size)
{
    mw__event_header h;

    if (mw__event_find(e, name, &h) && h.type == MW__EVENT_STRING)
        snprintf(out, size, "%.*s", (int)h.len, h.data);
}

const mw_member *mw__event_stream_member(const mw_shape *s)
{
    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        if (mw_shape_eventstream(mw_member_shape(m)))
            return m;
    }
    return NULL;
}

/* The message member of an exception's JSON payload. */
static void copy_message(const mw_operation *op, const mw__event *e, mw_aws_error *aws)
{
    mw_protocol protocol = mw_service_protocol(mw_operation_service(op));
    mw_doc_builder *b = NULL;
    const mw_doc *d;
    const char *text;
    mw_val v;

    if (protocol != MW_PROTO_JSON && protocol != MW_PROTO_REST_JSON)
        return;
    if (mw_doc_builder_new(NULL, &b, NULL) != MW_OK)
        return;
    if (mw_json_read(b, e->payload, e->payload_len, NULL, NULL, NULL) == MW_OK) {
        v = mw_doc_pop(b);
        d = mw_doc_view(b);
        text = mw_val_get_str(d, v, "message", NULL);
        if (!text)
            text = mw_val_get_str(d, v, "Message", "");
        snprintf(aws->message, sizeof(aws->message), "%s", text);
    }
    mw_doc_builder_free(b);
}

mw_status mw__scan_events(const mw_operation *op, const mw_shape *stream, const mw_http_response *r, mw_aws_error *aws,
                          mw_error *err)
{
    const char *body = r->body.data ? r->body.data : "";
    mw__event e;
    mw_status st;

    (void)stream;
    for (size_t offset = 0; offset < r->body.len;) {
        bool error, exception;
        if ((st = mw__event_next(body, r->body.len, &offset, &e, err)) != MW_OK)
            return st;
        error = header_is(&e, ":message-type", "error");
        exception = header_is(&e, ":message-type", "exception");
        if (!error && !exception)
            continue;
        copy_header(&e, error ? ":error-code" : ":exception-type", aws->code, sizeof(aws->code));
        copy_header(&e, ":error-message", aws->message, sizeof(aws->message));
        if (exception)
            copy_message(op, &e, aws);
        if (!aws->code[0])
            snprintf(aws->code, sizeof(aws->code), "EventStreamError");
        return mw_fail(err, MW_ERR_AWS, "%s:%s: %s: %.300s (in the event stream)",
                       mw_service_name(mw_operation_service(op)), mw_operation_name(op), aws->code, aws->message);
    }
    return MW_OK;
}

void mw__initial_response(const char **body, size_t *len)
{
    mw__event e;

    for (size_t offset = 0; offset < *len && mw__event_next(*body, *len, &offset, &e, NULL) == MW_OK;) {
        if (header_is(&e, ":event-type", "initial-response")) {
            *body = e.payload;
            *len = e.payload_len;
            return;
        }
    }
    *len = 0;
}

static void add_event_header(mw_doc_builder *b, const mw_member *m, const mw__event_header *h)
{
    mw_doc_ckey(b, mw_member_name(m));
    switch (h->type) {
    case MW__EVENT_TRUE:
    case MW__EVENT_FALSE: mw_doc_add_bool(b, h->number != 0); break;
    case MW__EVENT_TIMESTAMP: /* milliseconds; beyond the document's range they are clamped */
        mw__add_time(b, h->number > INT64_MAX / 1000000   ? INT64_MAX
                        : h->number < INT64_MIN / 1000000 ? INT64_MIN
                                                          : h->number * 1000000);
        break;
    case MW__EVENT_BYTES: mw__add_bytes(b, h->data, h->len, NULL); break;
    case MW__EVENT_STRING:
    case MW__EVENT_UUID: mw_doc_add_str(b, h->data, h->len); break;
    default: mw_doc_add_int(b, h->number);
    }
}

/* A payload that is one value (@p whole) or the members of the open object. */
static mw_status read_payload(const mw_operation *op, const mw_shape *s, const mw__event *e, bool whole,
                              mw_doc_builder *b, mw_error *err)
{
    mw_protocol protocol = mw_service_protocol(mw_operation_service(op));
    mw__xml *x = NULL;
    mw_status st;

    if (!e->payload_len) {
        if (whole) {
            mw_doc_begin_object(b);
            mw_doc_end_object(b);
        }
        return MW_OK;
    }
    if (protocol == MW_PROTO_CBOR)
        return mw__cbor_parse(b, s, e->payload, e->payload_len, !whole, err);
    if (protocol != MW_PROTO_REST_XML)
        return mw__json_parse(b, s, e->payload, e->payload_len, !whole, err);
    /* The value is made in a builder of its own: mw__xml_open() may not run inside an open object.
     */
    mw_doc_builder *own = NULL;
    if ((st = mw_doc_builder_new(NULL, &own, err)) != MW_OK)
        return st;
    st = mw__xml_open(own, s, MW__XML_ROOT, NULL, e->payload, e->payload_len, &x, err);
    if (st == MW_OK) {
        mw_val v, key, value;
        mw_doc_begin_object(own);
        mw__xml_emit(x);
        mw_doc_end_object(own);
        st = mw_doc_builder_status(own, err);
        v = mw_doc_pop(own);
        if (st == MW_OK && whole)
            mw_doc_add_copy(b, mw_doc_view(own), v);
        for (size_t i = 0; st == MW_OK && !whole && i < mw_val_len(mw_doc_view(own), v); i++) {
            value = mw_val_member(mw_doc_view(own), v, i, &key);
            mw_doc_ckey(b, mw_val_str(mw_doc_view(own), key, NULL));
            mw_doc_add_copy(b, mw_doc_view(own), value);
        }
    }
    mw__xml_free(x);
    mw_doc_builder_free(own);
    return st;
}

static mw_status add_event(const mw_operation *op, const mw_shape *s, const mw__event *e, mw_doc_builder *b,
                           mw_error *err)
{
    const mw_member *payload = NULL;
    bool headers = false;
    mw__event_header h;
    mw_status st = MW_OK;

    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        if (mw_member_event_payload(m))
            payload = m;
        if (!mw_member_event_header(m))
            continue;
        headers = true;
        if (mw__event_find(e, mw_member_name(m), &h))
            add_event_header(b, m, &h);
    }
    if (payload) {
        const mw_shape *p = mw_member_shape(payload);
        mw_doc_ckey(b, mw_member_name(payload));
        if (mw_shape_type_of(p) == MW_SHAPE_BLOB)
            st = mw__add_bytes(b, e->payload, e->payload_len, err);
        else if (mw_shape_type_of(p) == MW_SHAPE_STRING)
            mw_doc_add_str(b, e->payload, e->payload_len);
        else
            st = read_payload(op, p, e, true, b, err);
    } else if (!headers || e->payload_len) {
        st = read_payload(op, s, e, false, b, err);
    }
    if (st == MW_OK)
        mw_doc_end_object(b);
    return st;
}

mw_status mw__parse_events(const mw_operation *op, const mw_shape *stream, const char *body, size_t len,
                           mw_doc_builder *b, mw_error *err)
{
    mw__event e;
    mw__event_header h;
    mw_status st = MW_OK;

    mw_doc_begin_array(b);
    for (size_t offset = 0; st == MW_OK && offset < len;) {
        const mw_member *m;
        if ((st = mw__event_next(body, len, &offset, &e, err)) != MW_OK)
            break;
        if (!mw__event_find(&e, ":event-type", &h) || h.type != MW__EVENT_STRING)
            continue;
        m = mw_shape_member(stream, h.data, h.len);
        if (!m)
            continue;
        mw_doc_begin_object(b);
        mw_doc_ckey(b, mw_member_name(m));
        if ((st = add_event(op, mw_member_shape(m), &e, b, err)) == MW_OK)
            mw_doc_end_object(b);
    }
    if (st == MW_OK)
        mw_doc_end_array(b);
    return st;
}
