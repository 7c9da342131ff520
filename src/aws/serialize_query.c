/*
 * The query protocol (IAM, RDS, CloudFormation…) and EC2's dialect of it: nested parameters as a
 * form of dotted names. Differences of EC2: names are capitalised or given by queryName, every list
 * is flat, and an empty list is nothing where query writes `Name=`. Parameters were validated
 * before.
 */
#include "aws/protocol_internal.h"

#include <string.h>

struct form {
    mw__out *o;
    bool ec2;
    mw_buf body;
    mw_buf name; /* the dotted name built so far, unencoded */
};

static mw_status put_value(struct form *f, const mw_member *ref, mw_val v);

static void put_name(struct form *f)
{
    mw_buf_putc(&f->body, '&');
    mw_uri_encode(&f->body, f->name.data ? f->name.data : "", f->name.len, "");
    mw_buf_putc(&f->body, '=');
}

static void cut(struct form *f, size_t len)
{
    f->name.len = len;
    if (f->name.data)
        f->name.data[len] = '\0';
}

static void add_step(struct form *f, const char *step)
{
    if (f->name.len)
        mw_buf_putc(&f->name, '.');
    mw_buf_puts(&f->name, step);
}

static void add_member_name(struct form *f, const mw_member *m)
{
    const char *query = mw_member_query_name(m), *location = mw_member_location_name(m);
    size_t at;

    if (!f->ec2) {
        add_step(f, mw__wire_name(m));
        return;
    }
    if (query) {
        add_step(f, query);
        return;
    }
    at = f->name.len ? f->name.len + 1 : 0;
    add_step(f, location ? location : mw_member_name(m));
    if (f->name.len > at && f->name.data[at] >= 'a' && f->name.data[at] <= 'z')
        f->name.data[at] = (char)(f->name.data[at] - 'a' + 'A');
}

static mw_status put_structure(struct form *f, const mw_shape *s, mw_val v)
{
    size_t len = f->name.len;
    mw_status st;

    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        mw_val value = mw__param(f->o->d, v, m);
        if (value == MW_VAL_ABSENT)
            continue;
        add_member_name(f, m);
        st = put_value(f, m, value);
        cut(f, len);
        if (st != MW_OK)
            return st;
    }
    return MW_OK;
}

static mw_status put_list(struct form *f, const mw_member *ref, const mw_shape *s, mw_val v)
{
    const mw_member *element = mw_shape_element(s);
    const char *item = mw_member_location_name(element);
    bool flat = ref ? mw_member_flattened(ref) : mw_shape_flattened(s);
    size_t len;
    mw_status st;

    if (mw_val_len(f->o->d, v) == 0) {
        if (!f->ec2)
            put_name(f);
        return MW_OK;
    }
    if (!f->ec2 && !flat) {
        add_step(f, item ? item : "member");
    } else if (!f->ec2 && item) {
        /* The element's name takes the place of the list's own. */
        char *dot = f->name.data ? memrchr(f->name.data, '.', f->name.len) : NULL;
        cut(f, dot ? (size_t)(dot - f->name.data) : 0);
        add_step(f, item);
    }
    len = f->name.len;
    for (size_t i = 0; i < mw_val_len(f->o->d, v); i++) {
        mw_buf_printf(&f->name, ".%zu", i + 1);
        st = put_value(f, element, mw_val_at(f->o->d, v, i));
        cut(f, len);
        if (st != MW_OK)
            return st;
    }
    return MW_OK;
}

static mw_status put_map(struct form *f, const mw_member *ref, const mw_shape *s, mw_val v)
{
    const mw_member *key_ref = mw_shape_key(s), *value_ref = mw_shape_value(s);
    const char *key_name = mw_member_location_name(key_ref);
    const char *value_name = mw_member_location_name(value_ref);
    bool flat = ref ? mw_member_flattened(ref) : mw_shape_flattened(s);
    size_t len;
    mw_status st;

    if (!flat)
        add_step(f, "entry");
    len = f->name.len;
    for (size_t i = 0; i < mw_val_len(f->o->d, v); i++) {
        mw_val key, value = mw_val_member(f->o->d, v, i, &key);
        mw_buf_printf(&f->name, ".%zu.%s", i + 1, key_name ? key_name : "key");
        st = put_value(f, key_ref, key);
        cut(f, len);
        if (st != MW_OK)
            return st;
        mw_buf_printf(&f->name, ".%zu.%s", i + 1, value_name ? value_name : "value");
        st = put_value(f, value_ref, value);
        cut(f, len);
        if (st != MW_OK)
            return st;
    }
    return MW_OK;
}

static mw_status put_value(struct form *f, const mw_member *ref, mw_val v)
{
    const mw_shape *s = mw_member_shape(ref);
    MW_AUTO(mw_buf) text = {0};
    mw_status st;

    if (mw_val_kind(f->o->d, v) == MW_KIND_NULL)
        return MW_OK;
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRUCTURE: return put_structure(f, s, v);
    case MW_SHAPE_LIST: return put_list(f, ref, s, v);
    case MW_SHAPE_MAP: return put_map(f, ref, s, v);
    default:
        st = mw__scalar_text(&text, f->o->d, v, s, mw_member_timestamp_format(ref), f->o->err);
        if (st != MW_OK)
            return st;
        put_name(f);
        mw_uri_encode(&f->body, text.data ? text.data : "", text.len, "");
        return mw_buf_status(&f->body, f->o->err);
    }
}

mw_status mw__serialize_query(mw__out *o, mw_val params)
{
    const mw_service *service = mw_operation_service(o->op);
    const mw_shape *input = mw_operation_input(o->op);
    const char *version = mw_service_api_version(service);
    struct form f = {.o = o, .ec2 = mw_service_protocol(service) == MW_PROTO_EC2, .name = {.max = 1 << 16}};
    mw_status st;

    mw_buf_join(&f.body, "Action=", mw_operation_name(o->op), "&Version=", version ? version : "", NULL);
    st = input ? put_structure(&f, input, params) : MW_OK;
    if (st == MW_OK)
        st = mw_buf_status(&f.name, o->err);
    if (st == MW_OK)
        st = mw__set_body(o, &f.body);
    if (st == MW_OK)
        st = mw__set_header(o, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    mw_buf_clear(&f.body);
    mw_buf_clear(&f.name);
    return st;
}
