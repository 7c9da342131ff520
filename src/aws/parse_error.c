/*
 * Errors that AWS returns, in the envelopes of all protocols: query's ErrorResponse, EC2's
 * Response/Errors, S3's bare Error, JSON's __type, code and header, CBOR's __type, the
 * query-compatible header, and answers without any of these (HEAD, proxies). Whatever the body, the
 * caller gets MW_ERR_AWS with a code; only running out of memory is another failure. The modelled
 * members go through a builder of their own, so that a broken one costs its details and not the
 * error.
 */
#include "aws/cbor.h"
#include "aws/protocol_internal.h"
#include "aws/xml.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- small texts ---- */

/* Bounded copy, cut at a character's boundary. */
static void put(char *out, size_t size, const char *s, size_t len)
{
    if (len >= size) {
        len = size - 1;
        while (len && ((unsigned char)s[len] & 0xC0) == 0x80)
            len--;
    }
    memcpy(out, s, len);
    out[len] = '\0';
}

const char *mw__http_reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        /* RFC 9110 §15 */
        {300, "Multiple Choices"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Request Entity Too Large"},
        {414, "Request-URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Requested Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Entity"},
        {424, "Failed Dependency"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };

    for (size_t i = 0; i < MW_COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "";
}

/* `com.amazonaws.x#ThrottledException:http://…` names ThrottledException. */
static void put_code(mw_aws_error *aws, const char *s, size_t len)
{
    const char *colon = memchr(s, ':', len), *hash;

    if (colon)
        len = (size_t)(colon - s);
    if ((hash = memrchr(s, '#', len)) != NULL) {
        len -= (size_t)(hash + 1 - s);
        s = hash + 1;
    }
    put(aws->code, sizeof(aws->code), s, len);
}

static void put_request_id(mw_aws_error *aws, const mw_http_response *r)
{
    static const char *const names[] = {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"};

    for (size_t i = 0; i < MW_COUNT(names) && !aws->request_id[0]; i++) {
        const char *value = mw_http_get(&r->headers, names[i]);
        if (value)
            put(aws->request_id, sizeof(aws->request_id), value, strlen(value));
    }
}

static bool starts_blank_html(const char *s, size_t len)
{
    while (len && strchr(" \t\r\n", *s) && *s) {
        s++;
        len--;
    }
    return len == 0 || (len >= 5 && strncasecmp(s, "<html", 5) == 0) ||
           (len >= 9 && strncasecmp(s, "<!doctype", 9) == 0);
}

/* ---- XML envelopes ---- */

struct envelope {
    mw_aws_error *aws;
    unsigned depth, error_depth; /* error_depth 0: outside of <Error> */
    char name[32];               /* the open element's, when it is one of interest */
    mw_buf text;
};

static void env_start(struct envelope *e, mw_str name)
{
    e->depth++;
    mw_buf_reset(&e->text);
    put(e->name, sizeof(e->name), name.data, name.len);
    if (!e->error_depth && e->depth <= 3 && mw__xml_named(name, "Error"))
        e->error_depth = e->depth;
}

static void take(const struct envelope *e, char *out, size_t size)
{
    if (!out[0] && e->text.data)
        put(out, size, e->text.data, e->text.len);
}

static void env_end(struct envelope *e, mw_str local)
{
    const char *name = e->name;
    bool mine = mw__xml_named(local, name); /* a leaf: nothing started since */

    if (mine && e->error_depth && e->depth == e->error_depth + 1) {
        if (strcmp(name, "Code") == 0)
            take(e, e->aws->code, sizeof(e->aws->code));
        else if (strcmp(name, "Message") == 0 || strcmp(name, "message") == 0)
            take(e, e->aws->message, sizeof(e->aws->message));
        else if (strcmp(name, "Region") == 0)
            take(e, e->aws->region, sizeof(e->aws->region));
        else if (strcmp(name, "Type") == 0 && e->text.data)
            e->aws->sender_fault = strcmp(e->text.data, "Sender") == 0;
    }
    if (mine && e->depth <= 3 &&
        (strcmp(name, "RequestId") == 0 || strcmp(name, "RequestID") == 0 || strcmp(name, "requestId") == 0))
        take(e, e->aws->request_id, sizeof(e->aws->request_id));
    if (e->depth == e->error_depth)
        e->error_depth = 0;
    e->depth--;
    e->name[0] = '\0';
    mw_buf_reset(&e->text);
}

static void read_xml(const char *body, size_t len, mw_aws_error *aws)
{
    mw_aws_error found = *aws;
    struct envelope e = {.aws = &found, .text = {.max = 1 << 20}};
    mw__xml_event event;
    mw__xml_reader in;

    mw__xml_begin(&in, body, len, NULL);
    do {
        event = mw__xml_next(&in);
        if (event == MW__XML_START)
            env_start(&e, mw__xml_local(in.name));
        else if (event == MW__XML_END)
            env_end(&e, mw__xml_local(in.name));
        else if (event == MW__XML_CHARS && e.name[0])
            mw_buf_add(&e.text, in.text.data, in.text.len, NULL);
    } while (event != MW__XML_DONE && event != MW__XML_FAILED);
    if (event == MW__XML_DONE)
        *aws = found;
    mw__xml_finish(&in);
    mw_buf_clear(&e.text);
}

/* ---- JSON and CBOR envelopes ---- */

struct names {
    mw_aws_error type; /* `code` holds what __type says */
    char message_upper[sizeof(((mw_aws_error *)0)->message)];
    bool message_set;
    char code_upper[128];
};

static void note(struct names *n, mw_aws_error *aws, const char *key, size_t key_len, const char *s, size_t len)
{
    if (key_len == 6 && memcmp(key, "__type", 6) == 0)
        put_code(&n->type, s, len);
    else if (key_len == 4 && memcmp(key, "code", 4) == 0)
        put_code(aws, s, len);
    else if (key_len == 4 && memcmp(key, "Code", 4) == 0)
        put(n->code_upper, sizeof(n->code_upper), s, len);
    else if (key_len == 7 && memcmp(key, "message", 7) == 0) {
        put(aws->message, sizeof(aws->message), s, len);
        n->message_set = true;
    } else if ((key_len == 7 && memcmp(key, "Message", 7) == 0) ||
               (key_len == 17 && memcmp(key, "error_description", 17) == 0)) /* RFC 6749 §5.2: SSO OIDC */
        put(n->message_upper, sizeof(n->message_upper), s, len);
}

static mw_status scan_json(mw__json *j, struct names *n, mw_aws_error *aws)
{
    bool more;
    mw_status st;

    if (mw__json_peek(j) != MW__JSON_OBJECT)
        return MW_ERR_PARSE;
    mw__json_enter(j);
    for (bool first = true;; first = false) {
        char key[24];
        const char *name, *s;
        size_t name_len, len;
        st = mw__json_next_member(j, first, &more, &name, &name_len, NULL);
        if (st != MW_OK || !more)
            return st;
        if (name_len < sizeof(key))
            memcpy(key, name, name_len); /* the value may overwrite the scratch that lends it */
        if (name_len < sizeof(key) && mw__json_peek(j) == MW__JSON_STRING) {
            if ((st = mw__json_string(j, &s, &len, NULL)) != MW_OK)
                return st;
            note(n, aws, key, name_len, s, len);
        } else if ((st = mw__json_skip(j, MW__PROTOCOL_DEPTH, NULL)) != MW_OK) {
            return st;
        }
    }
}

static bool scan_cbor(mw__cbor *c, struct names *n, mw_aws_error *aws)
{
    mw__cbor_item map, key, value;
    bool more;

    if (mw__cbor_next(c, &map, NULL) != MW_OK || map.type != MW__CBOR_MAP)
        return false;
    for (size_t i = 0;; i++) {
        char name[16];
        if (mw__cbor_more(c, &map, i, &more, NULL) != MW_OK)
            return false;
        if (!more)
            return true;
        if (mw__cbor_next(c, &key, NULL) != MW_OK || key.type != MW__CBOR_TEXT)
            return false;
        if (key.len < sizeof(name))
            memcpy(name, key.data, key.len); /* the value may overwrite the scratch that lends it */
        if (key.len < sizeof(name) && mw__cbor_peek_text(c)) {
            if (mw__cbor_next(c, &value, NULL) != MW_OK)
                return false;
            note(n, aws, name, key.len, value.data, value.len);
        } else if (mw__cbor_skip(c, MW__PROTOCOL_DEPTH, NULL) != MW_OK) {
            return false;
        }
    }
}

static void read_names(mw_protocol protocol, const mw_http_response *r, mw_aws_error *aws)
{
    const char *body = r->body.data ? r->body.data : "";
    const char *type = mw_http_get(&r->headers, "x-amzn-errortype");
    const char *compatible = mw_http_get(&r->headers, "x-amzn-query-error");
    struct names n = {.message_set = false};
    const char *semicolon;
    bool readable = r->body.len == 0;
    mw__json j;
    mw__cbor c;

    if (protocol == MW_PROTO_CBOR) {
        mw__cbor_init(&c, body, r->body.len);
        readable = readable || scan_cbor(&c, &n, aws);
        mw__cbor_clear(&c);
    } else if (r->body.len) {
        mw__json_init(&j, body, r->body.len);
        readable = scan_json(&j, &n, aws) == MW_OK;
        mw__json_clear(&j);
    }
    if (!readable && protocol != MW_PROTO_CBOR) /* a proxy's page or plain text: its own words say most */
        put(aws->message, sizeof(aws->message), body, r->body.len);
    else if (!n.message_set)
        put(aws->message, sizeof(aws->message), n.message_upper, strlen(n.message_upper));

    /* rest-json: the header, then code, then __type. The RPC protocols: __type first. */
    if (!aws->code[0] && n.code_upper[0])
        put_code(aws, n.code_upper, strlen(n.code_upper));
    if (protocol == MW_PROTO_REST_JSON && type)
        put_code(aws, type, strlen(type));
    else if (n.type.code[0] && (protocol != MW_PROTO_REST_JSON || !aws->code[0]))
        put(aws->code, sizeof(aws->code), n.type.code, strlen(n.type.code));
    else if (!aws->code[0] && type)
        put_code(aws, type, strlen(type));
    if (compatible && (semicolon = strchr(compatible, ';')) != NULL && semicolon != compatible) {
        put(aws->code, sizeof(aws->code), compatible, (size_t)(semicolon - compatible));
        aws->sender_fault = strcmp(semicolon + 1, "Sender") == 0;
    }
}

/* ---- modelled members ---- */

static mw_status build_members(const mw_operation *op, const mw_shape *s, const mw_http_response *r, mw_doc_builder *b)
{
    mw_protocol protocol = mw_service_protocol(mw_operation_service(op));
    const char *body = r->body.data ? r->body.data : "";
    bool empty = r->body.len == 0;
    mw__xml *x = NULL;
    mw_status st = MW_OK;

    if (protocol == MW_PROTO_QUERY || protocol == MW_PROTO_EC2 || protocol == MW_PROTO_REST_XML) {
        if (!empty)
            st = mw__xml_open(b, s, MW__XML_ERROR, NULL, body, r->body.len, &x, NULL);
    }
    if (st == MW_OK) {
        mw_doc_begin_object(b);
        if (protocol == MW_PROTO_REST_JSON || protocol == MW_PROTO_REST_XML)
            st = mw__parse_bindings(b, s, r, NULL);
    }
    if (st == MW_OK && x)
        mw__xml_emit(x);
    else if (st == MW_OK && !empty && (protocol == MW_PROTO_JSON || protocol == MW_PROTO_REST_JSON))
        st = mw__json_parse(b, s, body, r->body.len, true, NULL);
    else if (st == MW_OK && !empty && protocol == MW_PROTO_CBOR)
        st = mw__cbor_parse(b, s, body, r->body.len, true, NULL);
    if (st == MW_OK) {
        mw_doc_end_object(b);
        st = mw_doc_builder_status(b, NULL);
    }
    mw__xml_free(x);
    return st;
}

static mw_status add_members(const mw_operation *op, const mw_shape *s, const mw_http_response *r, mw_doc_builder *out,
                             mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = MW_OK;

    if (s)
        st = mw_doc_builder_new(NULL, &b, err);
    if (st != MW_OK)
        return st;
    if (s && build_members(op, s, r, b) == MW_OK) {
        mw_val v = mw_doc_pop(b);
        mw_doc_add_copy(out, mw_doc_view(b), v);
    } else {
        mw_doc_begin_object(out);
        mw_doc_end_object(out);
    }
    mw_doc_builder_free(b);
    return MW_OK;
}

/* ---- the door ---- */

mw_status mw__parse_error(const mw_operation *op, const mw_http_response *r, mw_doc_builder *b, mw_aws_error *aws,
                          mw_error *err)
{
    const mw_service *service = mw_operation_service(op);
    mw_protocol protocol = mw_service_protocol(service);
    const char *body = r->body.data ? r->body.data : "";
    bool xml = protocol == MW_PROTO_QUERY || protocol == MW_PROTO_EC2 || protocol == MW_PROTO_REST_XML;
    bool generic = r->status >= 500 && starts_blank_html(body, r->body.len);
    mw_status st;

    aws->sender_fault = r->status < 500;
    put_request_id(aws, r);
    if (xml && !generic)
        read_xml(body, r->body.len, aws);
    else if (!xml && (!generic || mw_http_get(&r->headers, "x-amzn-errortype")))
        read_names(protocol, r, aws);
    if (!aws->code[0]) {
        const char *reason = mw__http_reason(r->status);
        snprintf(aws->code, sizeof(aws->code), "%d", r->status);
        if (!aws->message[0])
            put(aws->message, sizeof(aws->message), reason, strlen(reason));
    }
    if (r->status < 300) /* a late error, as S3 has them: as good as a 500, and as worth a second try */
        aws->http_status = 500;
    if ((st = add_members(op, mw_service_error(service, aws->code), r, b, err)) != MW_OK)
        return st;
    return mw_fail(err, MW_ERR_AWS, "%s:%s: %s: %.300s (HTTP %d)", mw_service_name(service), mw_operation_name(op),
                   aws->code, aws->message, aws->http_status);
}

/* The local name of the root element; nothing is checked behind its start. */
static mw_str root_name(const char *body, size_t len)
{
    mw_str name = {0};
    mw__xml_event event;
    mw__xml_reader in;

    mw__xml_begin(&in, body, len, NULL);
    do
        event = mw__xml_next(&in);
    while (event == MW__XML_CHARS);
    if (event == MW__XML_START)
        name = mw__xml_local(in.name);
    mw__xml_finish(&in);
    return name;
}

static bool hidden_in_xml(const mw_operation *op, const mw_http_response *r)
{
    const mw_shape *output = mw_operation_output(op);
    const mw_member *payload = output ? mw_shape_payload(output) : NULL;
    mw_str root;

    if (!output || r->body.len == 0)
        return false;
    if (payload && (mw_shape_type_of(mw_member_shape(payload)) != MW_SHAPE_STRUCTURE ||
                    mw_shape_eventstream(mw_member_shape(payload))))
        return false;
    root = root_name(r->body.data, r->body.len);
    return mw__xml_named(root, "Error") || mw__xml_named(root, "ErrorResponse") ||
           (mw__xml_named(root, "Response") && mw_service_protocol(mw_operation_service(op)) == MW_PROTO_EC2);
}

static bool names_an_error(const mw_operation *op, const char *code)
{
    static const char *const ends[] = {"Exception", "Error", "Fault"};
    size_t len = strlen(code);

    for (size_t i = 0; i < MW_COUNT(ends); i++)
        if (len > strlen(ends[i]) && strcmp(code + len - strlen(ends[i]), ends[i]) == 0)
            return true;
    return mw_service_error(mw_operation_service(op), code) != NULL;
}

/* Errors are small: of a long answer nothing is read here. */
static bool hidden_in_json(const mw_operation *op, const mw_http_response *r)
{
    enum { ERROR_MAX_BYTES = 4096 };
    mw_aws_error aws = {0};
    struct names n = {.message_set = false};
    mw__json j;
    bool readable;

    if (r->body.len > ERROR_MAX_BYTES || r->body.len == 0 || !memmem(r->body.data, r->body.len, "__type", 6))
        return false;
    mw__json_init(&j, r->body.data, r->body.len);
    readable = scan_json(&j, &n, &aws) == MW_OK;
    mw__json_clear(&j);
    return readable && n.type.code[0] && names_an_error(op, n.type.code);
}

bool mw__hidden_error(const mw_operation *op, const mw_http_response *r)
{
    switch (mw_service_protocol(mw_operation_service(op))) {
    case MW_PROTO_QUERY:
    case MW_PROTO_EC2:
    case MW_PROTO_REST_XML: return hidden_in_xml(op, r);
    case MW_PROTO_JSON: return mw_http_get(&r->headers, "x-amzn-errortype") || hidden_in_json(op, r);
    default: return mw_http_get(&r->headers, "x-amzn-errortype") != NULL;
    }
}
