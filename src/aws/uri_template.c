/*
 * URI templates of the REST protocols (`/{Bucket}/{Key+}?acl`) and host prefixes (`{AccountId}.`).
 * Literal text is copied as the model has it; what fills a label is the caller's business, so
 * nothing here encodes or validates values except host labels, which become part of a DNS name.
 */
#include "aws/protocol_internal.h"

#include <string.h>

mw_status mw__uri_expand(const char *uri, mw__label_fn label, void *user, mw_buf *path, mw_buf *query, mw_error *err)
{
    mw_buf *out = path;
    mw_status st;

    for (const char *p = uri; *p;) {
        if (*p == '?' && out == path) {
            out = query;
            p++;
        } else if (*p == '{') {
            const char *end = strchr(p, '}');
            size_t len;
            bool greedy;
            if (!end)
                return mw_fail(err, MW_ERR_INVALID, "URI template '%s' has an open label", uri);
            len = (size_t)(end - p - 1);
            greedy = len > 0 && p[len] == '+';
            if ((st = label(user, p + 1, len - greedy, greedy, out, err)) != MW_OK)
                return st;
            p = end + 1;
        } else {
            mw_buf_putc(out, *p++);
        }
    }
    if ((st = mw_buf_status(path, err)) != MW_OK)
        return st;
    return mw_buf_status(query, err);
}

struct host_labels {
    const mw__out *o;
    mw_val params;
};

static mw_status host_label(void *user, const char *name, size_t len, bool greedy, mw_buf *out, mw_error *err)
{
    struct host_labels *h = user;
    const mw_shape *input = mw_operation_input(h->o->op);
    const mw_member *m = input ? mw_shape_member(input, name, len) : NULL;
    const char *value;
    size_t value_len;

    (void)greedy;
    value = m ? mw_val_str(h->o->d, mw__param(h->o->d, h->params, m), &value_len) : NULL;
    if (!value || value_len == 0)
        return mw_fail(err, MW_ERR_INVALID, "parameter %.*s is required: it is part of the host name", (int)len, name);
    for (size_t i = 0; i < value_len; i++) {
        char c = value[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return mw_fail(err, MW_ERR_INVALID,
                           "parameter %.*s is part of the host name and may only hold letters, "
                           "digits, '-' and '.'",
                           (int)len, name);
    }
    mw_buf_add(out, value, value_len, NULL);
    return MW_OK;
}

mw_status mw__host_prefix(const mw__out *o, mw_val params, const char **out)
{
    const char *template = mw_operation_host_prefix(o->op);
    struct host_labels labels = {.o = o, .params = params};
    MW_AUTO(mw_buf) text = {.max = 1024};
    MW_AUTO(mw_buf) rest = {.max = 1024};
    mw_status st;

    *out = NULL;
    if (!template)
        return MW_OK;
    if ((st = mw__uri_expand(template, host_label, &labels, &text, &rest, o->err)) != MW_OK)
        return st;
    *out = mw_arena_strndup(o->req->arena, text.data ? text.data : "", text.len);
    return *out ? MW_OK : mw_fail(o->err, MW_ERR_NOMEM, "out of memory for a host name");
}
