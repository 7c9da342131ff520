/*
 * What may be written to disk of an answer: the body with the strings of `sensitive` shapes, of
 * members named like secrets, and every secret known to this process replaced. Relies on the model
 * for shapes. It errs towards hiding: a body that cannot be understood but may hold a secret is not
 * kept.
 */
#include "aws/readonly.h"
#include "aws/record.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/time.h"

#include <string.h>

#define REDACTED         "REDACTED"
#define REDACTED_BASE64  "UkVEQUNURUQ=" /* the same word, for members that a parser may decode */
#define SHAPES_MAX       8192
#define DEPTH_MAX        512
#define STRING_MAX_BYTES ((size_t)256 << 20)

/* Members whose value is a secret whatever the model says. Lower case, whole names. */
static const char *const secret_names[] = {
    "accesstoken",     "authorizationtoken", "authtoken",    "bearertoken",     "clientsecret",        "dbpassword",
    "idtoken",         "keymaterial",        "plaintext",    "privatekey",      "privatekeyplaintext", "refreshtoken",
    "secretaccesskey", "secretbinary",       "secretstring", "servicepassword", "sessiontoken",
};
/* Parts of names that tell a secret in the answer of an operation which exists to hand one out. */
static const char *const secret_parts[] = {
    "token", "password", "secret", "plaintext", "apikey", "unlockcode", "url", "streamkey", "value",
};
/* Paging goes on in a replay only if these stay as they are. */
static const char *const paging_parts[] = {"nexttoken", "paginationtoken", "nextpagetoken", "marker"};

static void fold(const char *name, size_t len, char *out, size_t size)
{
    size_t n = len < size - 1 ? len : size - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
    out[n] = '\0';
}

static bool is_paging(const char *folded)
{
    for (size_t i = 0; i < MW_COUNT(paging_parts); i++)
        if (strstr(folded, paging_parts[i]))
            return true;
    return false;
}

static bool names_secret(const char *folded, bool minted)
{
    for (size_t i = 0; i < MW_COUNT(secret_names); i++)
        if (strcmp(folded, secret_names[i]) == 0)
            return true;
    for (size_t i = 0; minted && i < MW_COUNT(secret_parts); i++)
        if (strstr(folded, secret_parts[i]))
            return true;
    return false;
}

bool mw_names_secret(const char *name)
{
    char folded[80];

    fold(name, strlen(name), folded, sizeof(folded));
    return names_secret(folded, false);
}

/* ---- documents ---- */

typedef struct redaction {
    const mw_doc *d;
    mw_doc_builder *b;
    bool minted; /* the operation hands out secrets */
    bool wire;   /* member names are those of the body, not the model's */
} redaction;

static void copy_redacted(const redaction *r, mw_val v, const mw_shape *shape, bool hide, int depth);

/** Secrets are masked string by string: in the text of a document the mask could take its quotes
 * along. */
static void copy_string(const redaction *r, mw_val v)
{
    MW_AUTO(mw_buf) masked = {.max = STRING_MAX_BYTES};
    size_t len = 0;
    const char *s = mw_val_str(r->d, v, &len);
    mw_status st = mw_mask_secrets(&masked, s, len);

    if (st != MW_OK)
        mw_doc_builder_fail(r->b, st, "a string is too large to be recorded");
    mw_doc_add_str(r->b, masked.data ? masked.data : "", masked.len);
}

static void copy_object(const redaction *r, mw_val v, const mw_shape *shape, bool hide, int depth)
{
    bool map = shape && mw_shape_type_of(shape) == MW_SHAPE_MAP;
    bool structure = shape && mw_shape_type_of(shape) == MW_SHAPE_STRUCTURE;

    mw_doc_begin_object(r->b);
    for (size_t i = 0; i < mw_val_len(r->d, v); i++) {
        mw_val key = MW_VAL_ABSENT, value = mw_val_member(r->d, v, i, &key);
        size_t len = 0;
        const char *name = mw_val_str(r->d, key, &len);
        const mw_member *m = NULL;
        char folded[80];
        bool hidden;

        if (map)
            m = mw_shape_value(shape);
        else if (structure && r->wire)
            m = mw_shape_member_wire(shape, name, len);
        else if (structure)
            m = mw_shape_member(shape, name, len);
        fold(name, len, folded, sizeof(folded));
        hidden = (hide || names_secret(folded, r->minted) || (m && mw_shape_sensitive(mw_member_shape(m)))) &&
                 !is_paging(folded);
        mw_doc_key(r->b, name, len);
        copy_redacted(r, value, m ? mw_member_shape(m) : NULL, hidden, depth + 1);
    }
    mw_doc_end_object(r->b);
}

static void copy_redacted(const redaction *r, mw_val v, const mw_shape *shape, bool hide, int depth)
{
    bool list = shape && mw_shape_type_of(shape) == MW_SHAPE_LIST;
    const mw_shape *element = list ? mw_member_shape(mw_shape_element(shape)) : NULL;

    if (depth > DEPTH_MAX) {
        mw_doc_builder_fail(r->b, MW_ERR_LIMIT, "the document is nested too deeply");
        return;
    }
    switch (mw_val_kind(r->d, v)) {
    case MW_KIND_STRING:
        if (!hide || (shape && mw_shape_type_of(shape) == MW_SHAPE_TIMESTAMP))
            copy_string(r, v);
        else if (shape && mw_shape_type_of(shape) == MW_SHAPE_BLOB)
            mw_doc_add_cstr(r->b, REDACTED_BASE64);
        else
            mw_doc_add_cstr(r->b, REDACTED);
        break;
    case MW_KIND_ARRAY:
        mw_doc_begin_array(r->b);
        for (size_t i = 0; i < mw_val_len(r->d, v); i++)
            copy_redacted(r, mw_val_at(r->d, v, i), element, hide || (element && mw_shape_sensitive(element)),
                          depth + 1);
        mw_doc_end_array(r->b);
        break;
    case MW_KIND_OBJECT: copy_object(r, v, shape, hide, depth); break;
    default: mw_doc_add_copy(r->b, r->d, v); break;
    }
}

void mw__redact_params(const mw_operation *op, const mw_doc *d, mw_val params, mw_doc_builder *b)
{
    redaction r = {d, b, false, false};

    if (!d || mw_val_kind(d, params) != MW_KIND_OBJECT) {
        mw_doc_begin_object(b);
        mw_doc_end_object(b);
        return;
    }
    copy_redacted(&r, params, mw_operation_input(op), false, 0);
}

static mw_status redact_json(const mw_shape *shape, bool minted, const mw_http_response *answer, mw_buf *out,
                             mw_error *err)
{
    mw_doc_builder *in = NULL, *b = NULL;
    mw_val v;
    mw_status st;

    if ((st = mw_doc_builder_new(NULL, &in, err)) != MW_OK || (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK ||
        (st = mw_json_read(in, answer->body.data, answer->body.len, NULL, NULL, err)) != MW_OK)
        goto out;
    v = mw_doc_pop(in);
    copy_redacted(&(redaction){mw_doc_view(in), b, minted, true}, v, shape, false, 0);
    v = mw_doc_pop(b);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK)
        st = mw_json_write(out, mw_doc_view(b), v, MW_JSON_COMPACT);
out:
    mw_doc_builder_free(in);
    mw_doc_builder_free(b);
    return st;
}

/* ---- XML: by element name, as the answer's text ---- */

typedef struct sensitive_names {
    mw_arena arena;
    const char **names;
    const mw_shape **seen;
    size_t name_count, seen_count;
} sensitive_names;

static void sensitive_names_clear(sensitive_names *s)
{
    mw_arena_clear(&s->arena);
}

static bool collect_names(sensitive_names *s, const mw_shape *shape);

static bool collect_member(sensitive_names *s, const mw_member *m, const char *name)
{
    if (!m)
        return true;
    if (name && mw_shape_sensitive(mw_member_shape(m))) {
        if (s->name_count == SHAPES_MAX)
            return false;
        s->names[s->name_count++] = name;
    }
    return collect_names(s, mw_member_shape(m));
}

static bool collect_names(sensitive_names *s, const mw_shape *shape)
{
    for (size_t i = 0; i < s->seen_count; i++)
        if (s->seen[i] == shape)
            return true;
    if (s->seen_count == SHAPES_MAX)
        return false;
    switch (mw_shape_type_of(shape)) {
    case MW_SHAPE_STRUCTURE:
        s->seen[s->seen_count++] = shape;
        for (size_t i = 0; i < mw_shape_member_count(shape); i++) {
            const mw_member *m = mw_shape_member_at(shape, i);
            const char *name = mw_member_location_name(m);

            if (!collect_member(s, m, name ? name : mw_member_name(m)))
                return false;
        }
        return true;
    case MW_SHAPE_LIST: {
        const mw_member *m = mw_shape_element(shape);
        const char *name = mw_member_location_name(m);

        s->seen[s->seen_count++] = shape;
        return collect_member(s, m, name ? name : "member");
    }
    case MW_SHAPE_MAP: s->seen[s->seen_count++] = shape; return collect_member(s, mw_shape_value(shape), "value");
    default: return true;
    }
}

static mw_status sensitive_names_init(sensitive_names *s, const mw_shape *shape, mw_error *err)
{
    *s = (sensitive_names){0};
    if (!shape)
        return MW_OK;
    s->names = mw_arena_alloc(&s->arena, SHAPES_MAX * sizeof(*s->names));
    s->seen = mw_arena_alloc(&s->arena, SHAPES_MAX * sizeof(*s->seen));
    if (!s->names || !s->seen) {
        sensitive_names_clear(s);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    if (!collect_names(s, shape)) {
        sensitive_names_clear(s);
        return mw_fail(err, MW_ERR_LIMIT, "shape %s: too many parts", mw_shape_name(shape));
    }
    return MW_OK;
}

static bool hides(const sensitive_names *s, bool minted, const char *name, size_t len)
{
    char folded[80];

    fold(name, len, folded, sizeof(folded));
    if (is_paging(folded))
        return false;
    if (names_secret(folded, minted))
        return true;
    for (size_t i = 0; i < s->name_count; i++)
        if (strlen(s->names[i]) == len && memcmp(s->names[i], name, len) == 0)
            return true;
    return false;
}

/** Text that a parser wants in its own form and that tells nobody anything: a truth value, an
 * instant. */
static bool harmless(const char *text, size_t len)
{
    if ((len == 4 && memcmp(text, "true", 4) == 0) || (len == 5 && memcmp(text, "false", 5) == 0))
        return true;
    return len >= 20 && len <= 35 && text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':' &&
           text[16] == ':' && mw_time_parse(text, len, &(int64_t){0}, NULL) == MW_OK;
}

/** The `>` that ends a tag; NULL for comments, CDATA, declarations and markup that is broken. */
static const char *tag_end(const char *p, const char *end)
{
    char quote = 0;

    if (p == end || *p == '!')
        return NULL;
    for (; p < end; p++) {
        if (quote) {
            quote = *p == quote ? 0 : quote;
        } else if (*p == '"' || *p == '\'') {
            quote = *p;
        } else if (*p == '>') {
            return p;
        } else if (*p == '<') {
            return NULL;
        }
    }
    return NULL;
}

/** Copy markup; replace text while inside an element that is hidden. Attributes stay: AWS keeps
 * types in them. */
static mw_status redact_xml(const sensitive_names *s, bool minted, const char *text, size_t len, mw_buf *out,
                            mw_error *err)
{
    const char *p = text, *end = text + len;
    size_t depth = 0, hidden_at = 0; /* depth of the outermost hidden element; 0 = none */

    while (p < end) {
        const char *open = memchr(p, '<', (size_t)(end - p));
        const char *stop = open ? open : end, *close, *name;
        bool blank = true;

        for (const char *q = p; q < stop && blank; q++)
            blank = *q == ' ' || *q == '\t' || *q == '\r' || *q == '\n';
        if (hidden_at > 0 && !blank && !harmless(p, (size_t)(stop - p)))
            mw_buf_puts(out, REDACTED);
        else
            mw_mask_secrets(out, p, (size_t)(stop - p));
        if (!open)
            break;
        close = tag_end(open + 1, end);
        if (!close)
            return mw_fail(err, MW_ERR_UNSUPPORTED, "XML that cannot be followed is not kept");
        mw_buf_add(out, open, (size_t)(close + 1 - open), NULL);
        name = open + 1;
        if (*name == '/') {
            if (depth > 0 && depth-- == hidden_at)
                hidden_at = 0;
        } else if (*name != '?' && close[-1] != '/') {
            const char *stop_name = name, *colon;

            while (stop_name < close && !strchr(" \t\r\n", *stop_name))
                stop_name++;
            colon = memchr(name, ':', (size_t)(stop_name - name));
            depth++;
            if (hidden_at == 0 &&
                hides(s, minted, colon ? colon + 1 : name, (size_t)(stop_name - (colon ? colon + 1 : name))))
                hidden_at = depth;
        }
        p = close + 1;
    }
    return mw_buf_status(out, err);
}

/* ---- which of them ---- */

static bool structured(const mw_operation *op, const mw_shape **shape)
{
    const mw_shape *output = mw_operation_output(op);
    const mw_member *payload = output ? mw_shape_payload(output) : NULL;
    mw_shape_type type;

    *shape = output;
    if (!payload)
        return true;
    *shape = mw_member_shape(payload);
    type = mw_shape_type_of(*shape);
    return type != MW_SHAPE_BLOB && type != MW_SHAPE_STRING;
}

/** CBOR strings carry their length, so nothing can be replaced in it: it is kept whole or not at
 * all. */
static mw_status keep_binary(bool may_hold_secret, const mw_http_response *answer, mw_buf *out, mw_error *err)
{
    mw_status st = mw_mask_secrets(out, answer->body.data, answer->body.len);

    if (st == MW_OK &&
        (may_hold_secret || out->len != answer->body.len || memcmp(out->data, answer->body.data, out->len) != 0))
        return mw_fail(err, MW_ERR_UNSUPPORTED, "a CBOR answer that may hold secrets is not kept");
    return st;
}

mw_status mw__redact_body(const mw_operation *op, const mw_http_response *answer, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_buf) plain = {.max = out->max};
    mw_protocol protocol = mw_service_protocol(mw_operation_service(op));
    bool minted = mw_operation_returns_secret(op) && answer->status < 300;
    const mw_shape *shape;
    bool parts = structured(op, &shape);
    MW_AUTO(sensitive_names) names = {0};
    mw_status st;

    if (answer->body.len == 0)
        return MW_OK;
    if (answer->status >= 300) {
        shape = NULL;
        parts = true;
    }
    if ((st = sensitive_names_init(&names, shape, err)) != MW_OK)
        return st;
    if (!parts) {
        if (minted || mw_shape_sensitive(shape))
            return mw_buf_puts(out, REDACTED);
        return mw_mask_secrets(out, answer->body.data, answer->body.len);
    }
    switch (protocol) {
    case MW_PROTO_JSON:
    case MW_PROTO_REST_JSON: st = redact_json(shape, minted, answer, &plain, err); break;
    case MW_PROTO_CBOR: st = keep_binary(minted || names.name_count > 0, answer, &plain, err); break;
    default: st = redact_xml(&names, minted, answer->body.data, answer->body.len, &plain, err); break;
    }
    if (st != MW_OK) {
        /* An answer that is not what its protocol says: kept for its own sake unless it may hold a
         * secret. */
        if (st == MW_ERR_NOMEM)
            return st;
        if (minted || names.name_count > 0 || protocol == MW_PROTO_CBOR)
            return mw_fail(err, MW_ERR_UNSUPPORTED, "an answer that may hold secrets is not kept");
        return mw_mask_secrets(out, answer->body.data, answer->body.len);
    }
    return mw_buf_add(out, plain.data, plain.len, err);
}

bool mw__keep_header(const mw_operation *op, int status, const char *name)
{
    static const char *const always[] = {"content-type", "x-amzn-errortype", "x-amzn-query-error",
                                         "x-amz-bucket-region"};
    static const char *const on_error[] = {"x-amzn-requestid", "x-amz-request-id"};
    const mw_shape *output = mw_operation_output(op);

    for (size_t i = 0; i < MW_COUNT(always); i++)
        if (strcmp(name, always[i]) == 0)
            return true;
    for (size_t i = 0; status >= 300 && i < MW_COUNT(on_error); i++)
        if (strcmp(name, on_error[i]) == 0)
            return true;
    for (size_t i = 0; output && i < mw_shape_member_count(output); i++) {
        const mw_member *m = mw_shape_member_at(output, i);
        const char *wire = mw_member_location_name(m);
        char folded[80];

        if (mw_shape_sensitive(mw_member_shape(m)))
            continue;
        fold(wire ? wire : "", wire ? strlen(wire) : 0, folded, sizeof(folded));
        if (mw_member_location(m) == MW_LOC_HEADER && strcmp(folded, name) == 0 &&
            !names_secret(folded, mw_operation_returns_secret(op)))
            return true;
        if (mw_member_location(m) == MW_LOC_HEADERS && *folded && mw_str_starts(name, folded))
            return true;
    }
    return false;
}
