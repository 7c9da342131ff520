/*
 * moonward-conformance: one JSON request a line on stdin, one JSON reply a line on stdout, same
 * order. It links the same library as moonward and survives whatever stands on a line. Modes:
 * protocol.c, signing.c, endpoints.c, items.c, search.c.
 */
#include "aws/protocol_json.h"
#include "conformance.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LINE = 16 << 20 };

mw_status read_base64(turn *t, mw_val object, const char *key, mw_buf *out, mw_error *err)
{
    size_t len;
    const char *text = mw_val_str(t->d, mw_val_get(t->d, object, key), &len);

    return text ? mw_base64_decode(out, text, len, err) : MW_OK;
}

/* The text of `params` in a request that is known to be JSON. */
static void find_params(turn *t, const char *line, size_t len)
{
    mw__json j;
    const char *key;
    size_t key_len;
    bool more = false;

    mw__json_init(&j, line, len);
    if (mw__json_peek(&j) == MW__JSON_OBJECT) {
        mw__json_enter(&j);
        for (bool first = true;; first = false) {
            const char *start;
            bool params;
            if (mw__json_next_member(&j, first, &more, &key, &key_len, NULL) != MW_OK || !more)
                break;
            params = key_len == 6 && memcmp(key, "params", 6) == 0;
            mw__json_peek(&j);
            start = j.p;
            if (mw__json_skip(&j, 256, NULL) != MW_OK)
                break;
            if (params) {
                t->params = start;
                t->params_len = (size_t)(j.p - start);
            }
        }
    }
    mw__json_clear(&j);
}

/* Whose models the pack was compiled from: some vectors hold for their rule sets only. */
static mw_status mode_models(turn *t, mw_error *err)
{
    const mw_models *models;
    mw_status st = mw_models_builtin(&models, err);

    if (st == MW_OK)
        mw_doc_member_str(t->out, "botocore", mw_models_botocore_version(models));
    return st;
}

static mw_status dispatch(turn *t, const char *mode, mw_error *err)
{
    if (mw_str_eq(mode, "input"))
        return mode_input(t, err);
    if (mw_str_eq(mode, "output"))
        return mode_output(t, err);
    if (mw_str_eq(mode, "endpoint-load"))
        return mode_endpoint_load(t, err);
    if (mw_str_eq(mode, "endpoint"))
        return mode_endpoint(t, err);
    if (mw_str_eq(mode, "sigv4"))
        return mode_sigv4(t, err);
    if (mw_str_eq(mode, "jmespath"))
        return mode_jmespath(t, err);
    if (mw_str_eq(mode, "models"))
        return mode_models(t, err);
    mw_doc_member_str(t->out, "unsupported", mode);
    return MW_OK;
}

/* The reply's first member: the request's id, "" when it has none. */
static void begin_reply(mw_doc_builder *b, const turn *t)
{
    mw_val id = t->d ? mw_val_get(t->d, t->request, "id") : MW_VAL_ABSENT;

    mw_doc_begin_object(b);
    mw_doc_ckey(b, "id");
    if (t->d && mw_val_kind(t->d, id) == MW_KIND_STRING)
        mw_doc_add_copy(b, t->d, id);
    else
        mw_doc_add_cstr(b, "");
}

static void reply_error(const turn *t, const mw_error *err)
{
    mw_doc_builder *b = t->out;

    mw_doc_builder_reset(b);
    begin_reply(b, t);
    mw_doc_ckey(b, "error");
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "code", mw_status_name(err->status));
    mw_doc_member_str(b, "message", err->message);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
}

static mw_status ask(turn *t, mw_doc_builder *in, const char *line, size_t len, mw_buf *cbor, mw_error *err)
{
    const char *mode;
    mw_status st = mw_json_read(in, line, len, NULL, NULL, err);

    if (st != MW_OK)
        return st;
    t->request = mw_doc_pop(in);
    t->d = mw_doc_view(in);
    if (mw_val_kind(t->d, t->request) != MW_KIND_OBJECT)
        return mw_fail(err, MW_ERR_PARSE, "a request is one JSON object");
    mode = mw_val_get_str(t->d, t->request, "mode", "");
    find_params(t, line, len);
    begin_reply(t->out, t);
    st = mw_str_eq(mode, "cbor") ? mode_cbor(t, cbor, err) : dispatch(t, mode, err);
    mw_doc_end_object(t->out);
    return st == MW_OK ? mw_doc_builder_status(t->out, err) : st;
}

/* @p line NULL: it was too long to keep. */
static mw_status answer(mw_doc_builder *in, mw_doc_builder *out, const char *line, size_t len, mw_buf *reply)
{
    mw_error err = {0};
    turn t = {.out = out};
    MW_AUTO(mw_buf) cbor = {0};
    mw_status st;

    mw_doc_builder_reset(in);
    mw_doc_builder_reset(out);
    st = line ? ask(&t, in, line, len, &cbor, &err)
              : mw_fail(&err, MW_ERR_LIMIT, "a request is longer than %d bytes", MAX_LINE);
    if (st != MW_OK) {
        err.status = st;
        reply_error(&t, &err);
    }
    mw_json_write(reply, mw_doc_view(out), mw_doc_pop(out), MW_JSON_COMPACT);
    if (st == MW_OK && cbor.len) { /* {"id":…} and the value's own text */
        reply->len--;
        mw_buf_printf(reply, ",\"value\":%s}", cbor.data);
    }
    mw_arena_clear(&t.arena);
    return mw_buf_putc(reply, '\n');
}

static bool write_all(const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(STDOUT_FILENO, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool take_line(mw_doc_builder *in, mw_doc_builder *out, const char *line, size_t len)
{
    MW_AUTO(mw_buf) reply = {0};

    return answer(in, out, line, len, &reply) == MW_OK && write_all(reply.data, reply.len);
}

int main(void)
{
    mw_doc_builder *in = NULL, *out = NULL;
    MW_AUTO(mw_buf) text = {0};
    mw_error err = {0};
    bool ok, too_long = false;

    ok = mw_doc_builder_new(NULL, &in, &err) == MW_OK && mw_doc_builder_new(NULL, &out, &err) == MW_OK;
    while (ok) {
        char *to = mw_buf_reserve(&text, 1 << 16, &err), *end;
        ssize_t n = to ? read(STDIN_FILENO, to, 1 << 16) : -1;
        if (n < 0 && to && errno == EINTR)
            continue;
        if (n <= 0) {
            ok = n == 0 && (!text.len || take_line(in, out, too_long ? NULL : text.data, text.len));
            break;
        }
        mw_buf_grown(&text, (size_t)n);
        while (ok && (end = memchr(text.data, '\n', text.len)) != NULL) {
            size_t used = (size_t)(end - text.data);
            ok = take_line(in, out, too_long ? NULL : text.data, used);
            too_long = false;
            memmove(text.data, end + 1, text.len - used - 1);
            text.len -= used + 1;
        }
        if (text.len > MAX_LINE) {
            too_long = true;
            text.len = 1; /* it stays a line that has begun */
        }
    }
    mw_doc_builder_free(in);
    mw_doc_builder_free(out);
    endpoint_rules_clear();
    return ok ? 0 : 1;
}
