/*
 * JSON bodies: both JSON protocols' whole bodies and rest-json's body members and payloads.
 * Timestamps are epoch seconds unless the model says otherwise, blobs stay base64, floats without a
 * number are strings. `flattened` and names of list elements mean nothing here. Parameters were
 * validated before.
 */
#include "aws/protocol_internal.h"

#include <string.h>

struct json_out {
    mw_buf *out;
    const mw_doc *d;
    mw_error *err;
};

static mw_status put_value(struct json_out *j, const mw_shape *s, const mw_member *ref, mw_timestamp_format f,
                           mw_val v);

/* Model names are plain, but nothing promises it. */
static void put_name(mw_buf *out, const char *name)
{
    mw_buf_putc(out, '"');
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            mw_buf_putc(out, '\\');
        mw_buf_putc(out, *name);
    }
    mw_buf_puts(out, "\":");
}

static mw_status put_structure(struct json_out *j, const mw_shape *s, mw_val v, bool only_body)
{
    bool first = true;
    mw_status st;

    mw_buf_putc(j->out, '{');
    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        mw_val value;
        if (only_body && mw_member_location(m) != MW_LOC_BODY)
            continue;
        if ((value = mw__param(j->d, v, m)) == MW_VAL_ABSENT)
            continue;
        if (!first)
            mw_buf_putc(j->out, ',');
        first = false;
        put_name(j->out, mw__wire_name(m));
        if ((st = put_value(j, mw_member_shape(m), m, mw_member_timestamp_format(m), value)) != MW_OK)
            return st;
    }
    return mw_buf_putc(j->out, '}');
}

static mw_status put_list(struct json_out *j, const mw_shape *s, mw_val v)
{
    const mw_member *element = mw_shape_element(s);
    mw_status st;

    mw_buf_putc(j->out, '[');
    for (size_t i = 0; i < mw_val_len(j->d, v); i++) {
        if (i)
            mw_buf_putc(j->out, ',');
        st =
            put_value(j, mw_member_shape(element), element, mw_member_timestamp_format(element), mw_val_at(j->d, v, i));
        if (st != MW_OK)
            return st;
    }
    return mw_buf_putc(j->out, ']');
}

static mw_status put_map(struct json_out *j, const mw_shape *s, mw_val v)
{
    const mw_member *ref = mw_shape_value(s);
    mw_status st;

    mw_buf_putc(j->out, '{');
    for (size_t i = 0; i < mw_val_len(j->d, v); i++) {
        mw_val key, value = mw_val_member(j->d, v, i, &key);
        if (i)
            mw_buf_putc(j->out, ',');
        mw_json_write(j->out, j->d, key, MW_JSON_COMPACT);
        mw_buf_putc(j->out, ':');
        st = put_value(j, mw_member_shape(ref), ref, mw_member_timestamp_format(ref), value);
        if (st != MW_OK)
            return st;
    }
    return mw_buf_putc(j->out, '}');
}

static mw_status put_time(struct json_out *j, mw_val v, mw_timestamp_format f)
{
    char text[MW_TIME_SIZE];
    int64_t ns;
    mw_status st = mw__time_of(j->d, v, &ns, j->err);

    if (st != MW_OK)
        return st;
    if (f == MW_TS_DEFAULT)
        f = MW_TS_UNIX;
    mw__time_text(text, ns, f);
    return mw_buf_printf(j->out, f == MW_TS_UNIX ? "%s" : "\"%s\"", text);
}

static mw_status put_value(struct json_out *j, const mw_shape *s, const mw_member *ref, mw_timestamp_format f, mw_val v)
{
    if (mw_val_kind(j->d, v) == MW_KIND_NULL)
        return mw_buf_puts(j->out, "null");
    if (mw_shape_document(s))
        return mw_json_write(j->out, j->d, v, MW_JSON_COMPACT);
    if (ref && mw_member_jsonvalue(ref) && mw_val_kind(j->d, v) != MW_KIND_STRING) {
        /* JSON inside a JSON string. */
        MW_AUTO(mw_buf) text = {0};
        mw_buf_putc(j->out, '"');
        mw_json_write(&text, j->d, v, MW_JSON_COMPACT);
        for (size_t i = 0; i < text.len; i++) {
            if (text.data[i] == '"' || text.data[i] == '\\')
                mw_buf_putc(j->out, '\\');
            mw_buf_putc(j->out, text.data[i]);
        }
        return mw_buf_putc(j->out, '"');
    }
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE: return put_structure(j, s, v, false);
    case MW_SHAPE_LIST: return put_list(j, s, v);
    case MW_SHAPE_MAP: return put_map(j, s, v);
    case MW_SHAPE_TIMESTAMP: return put_time(j, v, f);
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG: return mw_buf_printf(j->out, "%lld", (long long)mw_val_int(j->d, v));
    default: return mw_json_write(j->out, j->d, v, MW_JSON_COMPACT);
    }
}

mw_status mw__json_serialize(mw_buf *out, const mw_doc *d, mw_val v, const mw_shape *s, mw_timestamp_format f,
                             bool only_body, mw_error *err)
{
    struct json_out j = {.out = out, .d = d, .err = err};
    mw_status st;

    if (mw_shape_type_of(s) == MW_SHAPE_STRUCTURE && !mw_shape_document(s))
        st = put_structure(&j, s, v, only_body);
    else
        st = put_value(&j, s, NULL, f, v);
    return st == MW_OK ? mw_buf_status(out, err) : st;
}
