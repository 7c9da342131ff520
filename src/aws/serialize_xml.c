/*
 * XML bodies of rest-xml: elements in the model's order, attributes on their parent, namespaces
 * where the model puts them. Element names come from the model; only text and attribute values are
 * escaped. Parameters were validated before.
 */
#include "aws/protocol_internal.h"

#include <stdlib.h>
#include <string.h>

struct xml_out {
    mw_buf *out;
    const mw_doc *d;
    mw_error *err;
};

static mw_status put_value(struct xml_out *x, const mw_member *ref, const char *name, mw_val v);

static void put_escaped(mw_buf *out, const char *s, size_t len, bool attribute)
{
    for (size_t i = 0; i < len; i++) {
        switch (s[i]) {
        case '&': mw_buf_puts(out, "&amp;"); break;
        case '<': mw_buf_puts(out, "&lt;"); break;
        case '>': mw_buf_puts(out, "&gt;"); break;
        case '\r': /* a parser would make it a line feed */ mw_buf_puts(out, "&#xD;"); break;
        case '"':
        case '\n':
        case '\t':
            if (attribute) {
                mw_buf_printf(out, "&#x%X;", (unsigned)s[i]);
                break;
            }
            /* fall through */
        default: mw_buf_putc(out, s[i]);
        }
    }
}

static void put_namespace(mw_buf *out, const char *uri, const char *prefix)
{
    if (!uri)
        return;
    mw_buf_printf(out, prefix && *prefix ? " xmlns:%s=\"" : " xmlns%s=\"", prefix ? prefix : "");
    put_escaped(out, uri, strlen(uri), true);
    mw_buf_putc(out, '"');
}

static void put_open(mw_buf *out, const char *name, const mw_member *ref)
{
    const char *prefix = NULL, *uri = ref ? mw__xml_namespace(ref, &prefix) : NULL;

    mw_buf_printf(out, "<%s", name);
    put_namespace(out, uri, prefix);
}

static void put_close(mw_buf *out, const char *name)
{
    mw_buf_printf(out, "</%s>", name);
}

/* Attributes, '>', elements and the end tag, behind an open `<name`. */
static mw_status put_members(struct xml_out *x, const mw_shape *s, const char *name, mw_val v, bool only_body)
{
    mw_status st;

    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        mw_val value = mw_member_xml_attribute(m) ? mw__param(x->d, v, m) : MW_VAL_ABSENT;
        MW_AUTO(mw_buf) text = {0};
        if (value == MW_VAL_ABSENT)
            continue;
        st = mw__scalar_text(&text, x->d, value, mw_member_shape(m), mw_member_timestamp_format(m), x->err);
        if (st != MW_OK)
            return st;
        mw_buf_printf(x->out, " %s=\"", mw__wire_name(m));
        put_escaped(x->out, text.data ? text.data : "", text.len, true);
        mw_buf_putc(x->out, '"');
    }
    mw_buf_putc(x->out, '>');
    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        mw_val value;
        if (mw_member_xml_attribute(m) || (only_body && mw_member_location(m) != MW_LOC_BODY))
            continue;
        if ((value = mw__param(x->d, v, m)) == MW_VAL_ABSENT)
            continue;
        if ((st = put_value(x, m, mw__wire_name(m), value)) != MW_OK)
            return st;
    }
    put_close(x->out, name);
    return MW_OK;
}

static mw_status put_list(struct xml_out *x, const mw_member *ref, const char *name, mw_val v)
{
    const mw_member *element = mw_shape_element(mw_member_shape(ref));
    const char *item = mw_member_location_name(element);
    bool flat = mw_member_flattened(ref);
    mw_status st;

    if (!flat) {
        put_open(x->out, name, ref);
        mw_buf_putc(x->out, '>');
    }
    for (size_t i = 0; i < mw_val_len(x->d, v); i++)
        if ((st = put_value(x, element, flat ? name : item ? item : "member", mw_val_at(x->d, v, i))) != MW_OK)
            return st;
    if (!flat)
        put_close(x->out, name);
    return MW_OK;
}

struct entry {
    mw_atom atom;
    mw_val key, value;
};

static int by_atom(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return x->atom < y->atom ? -1 : x->atom > y->atom;
}

/* Objects are sorted by key; atoms are numbered as strings first occur, which is the caller's
 * order. */
static struct entry *entries_of(const mw_doc *d, mw_val v)
{
    size_t n = mw_val_len(d, v);
    struct entry *entries = mw_alloc(n ? n * sizeof(*entries) : 1);

    for (size_t i = 0; entries && i < n; i++) {
        entries[i].value = mw_val_member(d, v, i, &entries[i].key);
        entries[i].atom = mw_val_atom(d, entries[i].key);
    }
    if (entries && n > 1)
        qsort(entries, n, sizeof(*entries), by_atom);
    return entries;
}

static mw_status put_map(struct xml_out *x, const mw_member *ref, const char *name, mw_val v)
{
    const mw_member *key_ref = mw_shape_key(mw_member_shape(ref));
    const mw_member *value_ref = mw_shape_value(mw_member_shape(ref));
    const char *key_name = mw_member_location_name(key_ref);
    const char *value_name = mw_member_location_name(value_ref);
    bool flat = mw_member_flattened(ref);
    MW_AUTO_FREE struct entry *entries = entries_of(x->d, v);
    mw_status st;

    if (!entries)
        return mw_fail(x->err, MW_ERR_NOMEM, "out of memory for a map");
    if (!flat) {
        put_open(x->out, name, ref);
        mw_buf_putc(x->out, '>');
    }
    for (size_t i = 0; i < mw_val_len(x->d, v); i++) {
        put_open(x->out, flat ? name : "entry", flat ? ref : NULL);
        mw_buf_putc(x->out, '>');
        if ((st = put_value(x, key_ref, key_name ? key_name : "key", entries[i].key)) != MW_OK ||
            (st = put_value(x, value_ref, value_name ? value_name : "value", entries[i].value)) != MW_OK)
            return st;
        put_close(x->out, flat ? name : "entry");
    }
    if (!flat)
        put_close(x->out, name);
    return MW_OK;
}

static mw_status put_value(struct xml_out *x, const mw_member *ref, const char *name, mw_val v)
{
    const mw_shape *s = mw_member_shape(ref);
    MW_AUTO(mw_buf) text = {0};
    mw_status st;

    if (mw_val_kind(x->d, v) == MW_KIND_NULL)
        return MW_OK;
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE: put_open(x->out, name, ref); return put_members(x, s, name, v, false);
    case MW_SHAPE_LIST: return put_list(x, ref, name, v);
    case MW_SHAPE_MAP: return put_map(x, ref, name, v);
    default:
        st = mw__scalar_text(&text, x->d, v, s, mw_member_timestamp_format(ref), x->err);
        if (st != MW_OK)
            return st;
        put_open(x->out, name, ref);
        mw_buf_putc(x->out, '>');
        put_escaped(x->out, text.data ? text.data : "", text.len, false);
        put_close(x->out, name);
        return MW_OK;
    }
}

mw_status mw__xml_serialize_root(mw_buf *out, const mw_doc *d, mw_val v, const mw_shape *s, const char *name,
                                 const char *ns, const char *prefix, bool only_body, mw_error *err)
{
    struct xml_out x = {.out = out, .d = d, .err = err};
    mw_status st;

    mw_buf_printf(out, "<%s", name);
    put_namespace(out, ns, prefix);
    st = put_members(&x, s, name, v, only_body);
    return st == MW_OK ? mw_buf_status(out, err) : st;
}
