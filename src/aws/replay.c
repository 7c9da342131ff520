/*
 * Reading recordings: the sorted list of a file's exchanges, and the search in it. Relies on mw_doc
 * for storage. It must never answer with something near instead: a request that was not recorded is
 * an error, so that it becomes unknown and not empty.
 */
#include "aws/record.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES     ((size_t)1 << 30)
#define MANIFEST_MAX_BYTES ((size_t)16 << 20)
#define KEY_MAX_BYTES      ((size_t)16 << 20)
#define SEPARATOR          "\x1f"

struct mw_replay {
    mw_exchange_file file;
    unsigned *used; /* per entry that opens a group: how many were served */
    mw_doc *manifest;
    int64_t recorded_at_unix;
};

static const char *protocol_name(mw_protocol p)
{
    switch (p) {
    case MW_PROTO_JSON: return "json";
    case MW_PROTO_REST_JSON: return "rest-json";
    case MW_PROTO_REST_XML: return "rest-xml";
    case MW_PROTO_QUERY: return "query";
    case MW_PROTO_EC2: return "ec2";
    case MW_PROTO_CBOR: return "cbor";
    }
    return "?";
}

const char *mw__exchange_protocol(const mw_operation *op)
{
    return protocol_name(mw_service_protocol(mw_operation_service(op)));
}

/** service, operation, protocol, page, account, parameters | region | n */
static mw_status key_text(mw_buf *out, const char *service, const char *operation, const char *protocol, long long page,
                          const char *account, const mw_doc *d, mw_val params, const char *region, long long n,
                          size_t *any_region, size_t *group, mw_error *err)
{
    mw_buf_printf(out, "%s" SEPARATOR "%s" SEPARATOR "%s" SEPARATOR "%06lld" SEPARATOR "%s" SEPARATOR, service,
                  operation, protocol, page, account);
    if (d && mw_val_kind(d, params) == MW_KIND_OBJECT)
        mw_json_write(out, d, params, MW_JSON_COMPACT);
    else
        mw_buf_puts(out, "{}");
    mw_buf_puts(out, SEPARATOR);
    *any_region = out->len;
    mw_buf_printf(out, "%s" SEPARATOR, region);
    *group = out->len;
    mw_buf_printf(out, "%06lld", n);
    return mw_buf_status(out, err);
}

mw_status mw__exchange_key_text(mw_buf *out, const mw_exchange_key *key, unsigned n, size_t *any_region, size_t *group,
                                mw_error *err)
{
    const mw_service *service = mw_operation_service(key->operation);
    mw_doc_builder *b = NULL;
    mw_val params;
    mw_status st;

    if ((st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    mw__redact_params(key->operation, key->params_doc, key->params, b);
    params = mw_doc_pop(b);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK)
        st = key_text(out, mw_service_name(service), mw_operation_name(key->operation),
                      mw__exchange_protocol(key->operation), key->page, key->account ? key->account : "",
                      mw_doc_view(b), params, key->region ? key->region : "", n, any_region, group, err);
    mw_doc_builder_free(b);
    return st;
}

static int by_key(const void *a, const void *b)
{
    const mw_exchange_entry *x = a, *y = b;

    return strcmp(x->key, y->key);
}

/** Push the lines as one array. */
static mw_status read_lines(const char *path, const mw_buf *text, mw_doc_builder *b, mw_error *err)
{
    const char *p = text->data, *end = p + text->len;
    size_t line = 1;

    mw_doc_begin_array(b);
    for (; p && p < end; line++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t len = stop ? (size_t)(stop - p) : (size_t)(end - p);

        if (len > 0) {
            mw_status st = mw_json_read(b, p, len, NULL, NULL, err);

            if (st != MW_OK)
                return mw_error_prefix(err, st, "%s line %zu", path, line);
        }
        p = stop ? stop + 1 : end;
    }
    mw_doc_end_array(b);
    return MW_OK;
}

static mw_status index_entries(const char *path, mw_exchange_file *f, mw_error *err)
{
    MW_AUTO(mw_buf) key = {.max = KEY_MAX_BYTES};
    mw_val list = mw_doc_root(f->doc);

    f->count = mw_val_len(f->doc, list);
    f->arena.max_bytes = FILE_MAX_BYTES;
    f->entries = mw_arena_alloc(&f->arena, (f->count + 1) * sizeof(*f->entries));
    if (!f->entries)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < f->count; i++) {
        mw_exchange_entry *e = &f->entries[i];
        const mw_doc *d = f->doc;
        mw_val x = mw_val_at(d, list, i);
        const char *service = mw_val_get_str(d, x, "service", NULL);
        const char *operation = mw_val_get_str(d, x, "operation", NULL);
        mw_status st;

        if (!service || !operation || mw_val_get_int(d, x, "status", 0) < 100)
            return mw_fail(err, MW_ERR_PARSE, "%s: exchange %zu has no service, operation or status", path, i + 1);
        mw_buf_reset(&key);
        st = key_text(&key, service, operation, mw_val_get_str(d, x, "protocol", ""), mw_val_get_int(d, x, "page", 1),
                      mw_val_get_str(d, x, "account", ""), d, mw_val_get(d, x, "params"),
                      mw_val_get_str(d, x, "region", ""), mw_val_get_int(d, x, "n", 1), &e->any_region, &e->group, err);
        if (st != MW_OK)
            return st;
        e->key = mw_arena_strndup(&f->arena, key.data, key.len);
        e->value = x;
        if (!e->key)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    qsort(f->entries, f->count, sizeof(*f->entries), by_key);
    return MW_OK;
}

mw_status mw__exchange_file_load(const char *path, mw_exchange_file *out, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = FILE_MAX_BYTES};
    mw_doc_builder *b = NULL;
    mw_status st;

    *out = (mw_exchange_file){0};
    st = mw_file_read(path, &text, err);
    if (st == MW_ERR_NOTFOUND)
        return MW_OK;
    if (st != MW_OK || (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    if ((st = read_lines(path, &text, b, err)) == MW_OK &&
        (st = mw_doc_finish(b, mw_doc_pop(b), &out->doc, err)) == MW_OK)
        st = index_entries(path, out, err);
    mw_doc_builder_free(b);
    if (st != MW_OK)
        mw__exchange_file_clear(out);
    return st;
}

void mw__exchange_file_clear(mw_exchange_file *f)
{
    mw_doc_free(f->doc);
    mw_arena_clear(&f->arena);
    *f = (mw_exchange_file){0};
}

mw_status mw__manifest_load(const char *dir, mw_doc **out, mw_error *err)
{
    MW_AUTO(mw_buf) path = {.max = 8192};
    MW_AUTO(mw_buf) text = {.max = MANIFEST_MAX_BYTES};
    mw_doc_builder *b = NULL;
    mw_status st;

    *out = NULL;
    mw_buf_printf(&path, "%s/manifest.json", dir);
    if ((st = mw_buf_status(&path, err)) != MW_OK || (st = mw_file_read(path.data, &text, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    if ((st = mw_json_read(b, text.data ? text.data : "", text.len, NULL, NULL, err)) != MW_OK)
        mw_error_prefix(err, st, "%s", path.data);
    else
        st = mw_doc_finish(b, mw_doc_pop(b), out, err);
    mw_doc_builder_free(b);
    if (st == MW_OK && mw_val_get_int(*out, mw_doc_root(*out), "format", 0) != 1) {
        st = mw_fail(err, MW_ERR_UNSUPPORTED, "%s: format is not 1, the only one this build reads", path.data);
        mw_doc_free(*out);
        *out = NULL;
    }
    return st;
}

mw_status mw_replay_new(const char *dir, mw_replay **out, mw_error *err)
{
    MW_AUTO(mw_buf) path = {.max = 8192};
    mw_replay *r;
    const char *at;
    int64_t ns = 0;
    mw_status st;

    *out = NULL;
    mw_buf_printf(&path, "%s/exchanges.jsonl", dir);
    if ((st = mw_buf_status(&path, err)) != MW_OK)
        return st;
    r = mw_alloc(sizeof(*r));
    if (!r)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if ((st = mw__manifest_load(dir, &r->manifest, err)) != MW_OK) {
        mw_error_prefix(err, st, "'%s' is not a recording", dir);
        goto out;
    }
    at = mw_val_get_str(r->manifest, mw_doc_root(r->manifest), "recorded_at", "");
    if ((st = mw_time_parse(at, strlen(at), &ns, err)) != MW_OK) {
        mw_error_prefix(err, st, "%s/manifest.json: recorded_at", dir);
        goto out;
    }
    r->recorded_at_unix = ns / 1000000000;
    if ((st = mw__exchange_file_load(path.data, &r->file, err)) != MW_OK)
        goto out;
    r->used = mw_alloc((r->file.count + 1) * sizeof(*r->used));
    if (!r->used)
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory");
out:
    if (st != MW_OK) {
        mw_replay_free(r);
        return st;
    }
    *out = r;
    return MW_OK;
}

void mw_replay_free(mw_replay *r)
{
    if (!r)
        return;
    mw__exchange_file_clear(&r->file);
    mw_doc_free(r->manifest);
    mw_free(r->used);
    mw_free(r);
}

/** First entry whose key is not below the first @p len bytes of @p key. */
static size_t lower_bound(const mw_exchange_file *f, const char *key, size_t len)
{
    size_t low = 0, high = f->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (strncmp(f->entries[mid].key, key, len) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool starts(const mw_exchange_file *f, size_t i, const char *key, size_t len)
{
    return i < f->count && strncmp(f->entries[i].key, key, len) == 0;
}

static mw_status fill(const mw_doc *d, mw_val x, mw_http_response *answer, mw_error *err)
{
    mw_val headers = mw_val_get(d, x, "headers");
    size_t len = 0;
    const char *text = mw_val_str(d, mw_val_get(d, x, "body"), &len);
    mw_status st = MW_OK;

    mw_http_response_clear(answer);
    answer->status = (int)mw_val_get_int(d, x, "status", 0);
    for (size_t i = 0; st == MW_OK && i < mw_val_len(d, headers); i++) {
        mw_val key = MW_VAL_ABSENT, value = mw_val_member(d, headers, i, &key);

        if (mw_val_kind(d, value) == MW_KIND_STRING)
            st = mw_http_add(&answer->arena, &answer->headers, mw_val_str(d, key, NULL), mw_val_str(d, value, NULL),
                             err);
    }
    if (st != MW_OK)
        return st;
    if (text)
        return mw_buf_add(&answer->body, text, len, err);
    text = mw_val_str(d, mw_val_get(d, x, "body_base64"), &len);
    return text ? mw_base64_decode(&answer->body, text, len, err) : MW_OK;
}

mw_status mw_replay_find(mw_replay *r, const mw_exchange_key *key, mw_http_response *answer, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = KEY_MAX_BYTES};
    const mw_exchange_file *f = &r->file;
    size_t any_region = 0, group = 0, first, count = 0;
    mw_status st = mw__exchange_key_text(&text, key, 1, &any_region, &group, err);

    if (st != MW_OK)
        return st;
    first = lower_bound(f, text.data, group);
    if (!starts(f, first, text.data, group)) {
        first = lower_bound(f, text.data, any_region);
        if (!starts(f, first, text.data, any_region)) {
            const char *params = strrchr(text.data, SEPARATOR[0]);

            /* Behind the last separator is `n`; the parameters are three fields before it. */
            for (int i = 0; i < 2 && params > text.data; i++) {
                text.data[params - text.data] = '\0';
                params = strrchr(text.data, SEPARATOR[0]);
            }
            return mw_fail(err, MW_ERR_NOTFOUND,
                           "%s:%s with %.160s (page %u, account %s, region %s) is not in the recording",
                           mw_service_name(mw_operation_service(key->operation)), mw_operation_name(key->operation),
                           params ? params + 1 : "", key->page, key->account && *key->account ? key->account : "-",
                           key->region && *key->region ? key->region : "-");
        }
        group = f->entries[first].group;
    }
    while (starts(f, first + count, f->entries[first].key, group))
        count++;
    if (r->used[first] < count)
        r->used[first]++;
    return fill(f->doc, f->entries[first + r->used[first] - 1].value, answer, err);
}

int64_t mw_replay_recorded_at_unix(const mw_replay *r)
{
    return r->recorded_at_unix;
}

const char *mw_replay_noted(const mw_replay *r, const char *key)
{
    const mw_doc *d = r->manifest;

    return mw_val_get_str(d, mw_val_get(d, mw_doc_root(d), "notes"), key, NULL);
}
