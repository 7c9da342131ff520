/* What the serialisers and parsers of one wire format share. Nothing outside protocol*.c,
 * serialize_*.c, parse_*.c includes it. */
#ifndef MW_AWS_PROTOCOL_INTERNAL_H
#define MW_AWS_PROTOCOL_INTERNAL_H

#include "aws/protocol.h"
#include "aws/protocol_json.h"
#include "base/str.h"
#include "base/time.h"

/* Deeper than any modelled structure nests; recursive shapes (WAF statements) make it a real bound.
 */
#define MW__PROTOCOL_DEPTH 128

/** Where a value stands, for messages. Frames live on the C stack, the innermost first. */
typedef struct mw__path {
    const struct mw__path *up;
    const char *name; /* member or map key; NULL for a list element */
    size_t len;
    size_t index;
    unsigned depth;
} mw__path;

/** A step below @p up; @p name NULL means element @p index. */
mw__path mw__path_step(const mw__path *up, const char *name, size_t len, size_t index);
/** `Filters[0].Name` in @p out; "the top level" for no path. Returns @p out. */
const char *mw__path_text(const mw__path *p, char *out, size_t size);
#define MW__PATH_SIZE 256

/* ---- traits with the reference's value first, the shape's second ---- */

/** Name in a body: locationName of the reference, else the member's own name. */
const char *mw__wire_name(const mw_member *m);
/** XML namespace URI or NULL, and its prefix (NULL = default namespace). */
const char *mw__xml_namespace(const mw_member *m, const char **prefix);

/* ---- scalars ---- */

/** Instant of a parameter: epoch number (INT, REAL or digits) or ISO 8601 / RFC 822 text. */
mw_status mw__time_of(const mw_doc *d, mw_val v, int64_t *ns, mw_error *err);
/** The wire text of an instant; epochs in whole seconds, as AWS services expect. */
void mw__time_text(char out[MW_TIME_SIZE], int64_t ns, mw_timestamp_format f);
/** Append a scalar parameter as plain text: what forms, labels, headers and XML hold. */
mw_status mw__scalar_text(mw_buf *out, const mw_doc *d, mw_val v, const mw_shape *s, mw_timestamp_format f,
                          mw_error *err);
/**
 * Push the value of a scalar @p s that the wire wrote as text. An empty number or timestamp is
 * nothing: then *added is false. @return MW_ERR_PARSE when the text is not what the model says
 * (message without place).
 */
mw_status mw__add_text(mw_doc_builder *b, const mw_shape *s, const char *text, size_t len, bool *added, mw_error *err);
/** Push base64 text: as it stands when it is canonical, re-encoded when it has white space. */
mw_status mw__add_base64(mw_doc_builder *b, const char *text, size_t len, mw_error *err);
/** Push raw bytes as base64 text. */
mw_status mw__add_bytes(mw_doc_builder *b, const void *data, size_t len, mw_error *err);
/** Push an instant as ISO 8601 text. */
void mw__add_time(mw_doc_builder *b, int64_t ns);
/** Push a double: REAL when finite, else "NaN", "Infinity", "-Infinity". */
void mw__add_real(mw_doc_builder *b, double x);
/** Locale-free decimal number filling the whole text, or a non-finite name; false on anything else.
 */
bool mw__parse_real(const char *s, size_t len, double *out);
/** Is it "NaN", "Infinity" or "-Infinity"? */
bool mw__non_finite(const char *s, size_t len);

/* ---- serialising ---- */

typedef struct mw__out {
    const mw_operation *op;
    const mw_doc *d; /* holds every parameter */
    mw_http_request *req;
    mw_error *err;
} mw__out;

/** Check kinds, unknown names and, when @p required, missing members of @p params against the input
 * shape. */
mw_status mw__validate(const mw_operation *op, const mw_doc *d, mw_val params, bool required, bool drop_unknown,
                       mw_error *err);
/** A member's value, or ABSENT; null counts as absent. */
mw_val mw__param(const mw_doc *d, mw_val object, const mw_member *m);
/** Hand the buffer's bytes to the request's arena as its body. */
mw_status mw__set_body(mw__out *o, mw_buf *body);
mw_status mw__set_header(mw__out *o, const char *name, const char *value);

/** Append the value in the protocol's body form. */
mw_status mw__json_serialize(mw_buf *out, const mw_doc *d, mw_val v, const mw_shape *s, mw_timestamp_format f,
                             bool only_body, mw_error *err);
mw_status mw__xml_serialize_root(mw_buf *out, const mw_doc *d, mw_val v, const mw_shape *s, const char *name,
                                 const char *ns, const char *prefix, bool only_body, mw_error *err);
mw_status mw__cbor_serialize(mw_buf *out, const mw_doc *d, mw_val v, const mw_shape *s, mw_error *err);
mw_status mw__serialize_query(mw__out *o, mw_val params);
mw_status mw__serialize_rest(mw__out *o, mw_val params, bool strip_bucket);

/**
 * Expand a URI template into path and query. `label(user, name, len, greedy, out)` appends the
 * encoded value. Literal text is kept; what follows '?' goes to @p query.
 */
typedef mw_status (*mw__label_fn)(void *user, const char *name, size_t len, bool greedy, mw_buf *out, mw_error *err);
mw_status mw__uri_expand(const char *uri, mw__label_fn label, void *user, mw_buf *path, mw_buf *query, mw_error *err);
/** Fill hostPrefix labels; MW_ERR_INVALID unless each is a host label of [A-Za-z0-9-.]. */
mw_status mw__host_prefix(const mw__out *o, mw_val params, const char **out);
/** S3 and others: a CRC32 header (or the algorithm asked for) where the model wants a checksum. */
mw_status mw__add_checksum(mw__out *o, mw_val params);
/** Parameters plus what clients add by themselves (tokens, encoding-type); *out may be @p params.
 */
mw_status mw__customize_params(const mw_operation *op, const mw_doc *d, mw_val params, const char *token,
                               mw_doc_builder **built, const mw_doc **out_doc, mw_val *out, mw_error *err);

/* ---- parsing ---- */

/**
 * Read a body. @p members: into the open object, those of the shape that live in the body; else the shape's whole value
 * is pushed.
 */
mw_status mw__json_parse(mw_doc_builder *b, const mw_shape *s, const char *body, size_t len, bool members,
                         mw_error *err);
/** The same for the members of a whole answer; MW_ERR_PARSE too when it has members and none of the model's. */
mw_status mw__json_answer(mw_doc_builder *b, const mw_shape *s, const char *body, size_t len, mw_error *err);
mw_status mw__cbor_parse(mw_doc_builder *b, const mw_shape *s, const char *body, size_t len, bool members,
                         mw_error *err);

/** One XML document read for a structure; its members are emitted into an object that the caller
 * opens. */
typedef struct mw__xml mw__xml;
typedef enum mw__xml_root {
    MW__XML_ROOT,    /* the root element is the structure */
    MW__XML_WRAPPED, /* a child of the root named `wrapper` is */
    MW__XML_ERROR    /* <Error>, <ErrorResponse><Error> or <Response><Errors><Error> is */
} mw__xml_root;
mw_status mw__xml_open(mw_doc_builder *b, const mw_shape *s, mw__xml_root root, const char *wrapper, const char *body,
                       size_t len, mw__xml **out, mw_error *err);
void mw__xml_emit(mw__xml *x);
void mw__xml_free(mw__xml *x);

/** Does @p s have lists, maps or structures in the body? An answer that has members and none of the model's is no
 * answer then (a gateway's message, another operation's document), where scalars alone may well be left out. */
bool mw__promises_more(const mw_shape *s);

/** Members of an open object that come from status and headers. */
mw_status mw__parse_bindings(mw_doc_builder *b, const mw_shape *s, const mw_http_response *r, mw_error *err);
/** Members beyond the model that AWS's own tools add from headers (S3's ExpiresString). */
void mw__customize_bindings(const mw_operation *op, const mw_http_response *r, mw_doc_builder *b);
mw_status mw__parse_rest(const mw_operation *op, const mw_http_response *r, mw_doc_builder *b, mw_error *err);
/** The structure that a body as a whole is, or NULL when it is raw, a stream, or says nothing. */
const mw_shape *mw__document_shape(const mw_shape *output);
/** White space of JSON and XML alone, or nothing. */
bool mw__blank(const char *s, size_t len);
/** The member of an output that is an event stream, or NULL. */
const mw_member *mw__event_stream_member(const mw_shape *s);
/** Check the framing; an error or exception message fills *aws and gives MW_ERR_AWS. */
mw_status mw__scan_events(const mw_operation *op, const mw_shape *stream, const mw_http_response *r, mw_aws_error *aws,
                          mw_error *err);
/** Push an array of {"EventName": {...}}. */
mw_status mw__parse_events(const mw_operation *op, const mw_shape *stream, const char *body, size_t len,
                           mw_doc_builder *b, mw_error *err);
/** Replace a body that was scanned by the payload of its `initial-response` message; empty without
 * one. */
void mw__initial_response(const char **body, size_t *len);
/** Fill @p aws from an error answer and push the modelled members' object. Always MW_ERR_AWS (or
 * NOMEM). */
mw_status mw__parse_error(const mw_operation *op, const mw_http_response *r, mw_doc_builder *b, mw_aws_error *aws,
                          mw_error *err);
/**
 * Is this 200 an error in disguise? S3's late <Error>, the XML protocols' other error envelopes, a header or a `__type`
 * that names an error. Looks at the beginning of the body only.
 */
bool mw__hidden_error(const mw_operation *op, const mw_http_response *r);
/** Reason phrase of a status ("Not Found"); "" when not known. */
const char *mw__http_reason(int status);

#endif
