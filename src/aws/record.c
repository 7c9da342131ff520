/*
 * Writing recordings: exchanges are kept as finished lines in memory and written when the run ends,
 * merged with what the folder already holds. Relies on record_redact.c for what may be kept. It
 * must never see a request's headers, where the signature and the session token are.
 */
#include "aws/record.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOTAL_MAX_BYTES ((size_t)1 << 30)
#define LINE_MAX_BYTES  ((size_t)256 << 20)
#define NOTES_MAX       64

typedef struct line {
    char *key; /* mw__exchange_key_text() */
    char *text;
    size_t group; /* key up to `n` */
    size_t len;
    unsigned n;
} line;

typedef struct note {
    char *key, *value;
} note;

struct mw_recorder {
    char *dir;
    const mw_models *models;
    line *lines;
    size_t count, cap, bytes;
    note notes[NOTES_MAX];
    size_t note_count;
    int64_t started_ns;
};

mw_status mw_recorder_new(const char *dir, const mw_models *models, mw_recorder **out, mw_error *err)
{
    mw_recorder *r;
    mw_status st = mw_mkdirs(dir, 0700, err);

    *out = NULL;
    if (st != MW_OK)
        return st;
    r = mw_alloc(sizeof(*r));
    if (!r || !(r->dir = mw_strdup(dir))) {
        mw_free(r);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    r->models = models;
    r->started_ns = mw_now_ns();
    *out = r;
    return MW_OK;
}

void mw_recorder_free(mw_recorder *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++) {
        mw_free(r->lines[i].key);
        mw_free(r->lines[i].text);
    }
    for (size_t i = 0; i < r->note_count; i++) {
        mw_free(r->notes[i].key);
        mw_free(r->notes[i].value);
    }
    mw_free(r->lines);
    mw_free(r->dir);
    mw_free(r);
}

static mw_status grow(mw_recorder *r, size_t more, mw_error *err)
{
    if (r->bytes + more > TOTAL_MAX_BYTES)
        return mw_fail(err, MW_ERR_LIMIT, "recording %s: more than %zu bytes", r->dir, TOTAL_MAX_BYTES);
    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 256;
        line *grown = mw_realloc(r->lines, cap * sizeof(*grown));

        if (!grown)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        r->lines = grown;
        r->cap = cap;
    }
    return MW_OK;
}

static void add_body(mw_doc_builder *b, const mw_buf *body)
{
    MW_AUTO(mw_buf) encoded = {.max = LINE_MAX_BYTES};
    const char *data = body->data ? body->data : "";

    if (mw_utf8_valid(data, body->len)) {
        mw_doc_ckey(b, "body");
        mw_doc_add_str(b, data, body->len);
        return;
    }
    if (mw_base64_encode(&encoded, data, body->len) != MW_OK)
        mw_doc_builder_fail(b, MW_ERR_LIMIT, "the body is too large to be recorded");
    mw_doc_ckey(b, "body_base64");
    mw_doc_add_str(b, encoded.data ? encoded.data : "", encoded.len);
}

static void add_headers(mw_doc_builder *b, const mw_operation *op, const mw_http_response *answer)
{
    mw_doc_ckey(b, "headers");
    mw_doc_begin_object(b);
    for (size_t i = 0; i < answer->headers.count; i++) {
        const mw_http_pair *h = &answer->headers.items[i];
        MW_AUTO(mw_buf) value = {.max = 1 << 20};

        if (!mw__keep_header(op, answer->status, h->name))
            continue;
        mw_mask_secrets(&value, h->value, strlen(h->value));
        mw_doc_ckey(b, h->name);
        mw_doc_add_str(b, value.data ? value.data : "", value.len);
    }
    mw_doc_end_object(b);
}

/** Everything but `n`, which is known only when the run ends. */
static mw_status describe(const mw_exchange_key *key, const mw_http_response *answer, const mw_buf *body,
                          mw_doc_builder *b, mw_val *out, mw_error *err)
{
    const mw_operation *op = key->operation;

    mw_doc_begin_object(b);
    mw_doc_member_str(b, "account", key->account ? key->account : "");
    add_body(b, body);
    add_headers(b, op, answer);
    mw_doc_member_str(b, "operation", mw_operation_name(op));
    mw_doc_member_int(b, "page", (int64_t)key->page);
    mw_doc_ckey(b, "params");
    mw__redact_params(op, key->params_doc, key->params, b);
    mw_doc_member_str(b, "protocol", mw__exchange_protocol(op));
    mw_doc_member_str(b, "region", key->region ? key->region : "");
    mw_doc_member_str(b, "service", mw_service_name(mw_operation_service(op)));
    mw_doc_member_int(b, "status", answer->status);
    mw_doc_end_object(b);
    *out = mw_doc_pop(b);
    return mw_doc_builder_status(b, err);
}

mw_status mw_recorder_add(mw_recorder *r, const mw_exchange_key *key, const mw_http_response *answer, mw_error *err)
{
    MW_AUTO(mw_buf) body = {.max = LINE_MAX_BYTES};
    MW_AUTO(mw_buf) text = {.max = LINE_MAX_BYTES};
    MW_AUTO(mw_buf) name = {.max = LINE_MAX_BYTES};
    mw_doc_builder *b = NULL;
    size_t any_region = 0, group = 0;
    mw_val v;
    line l = {0};
    mw_status st = mw__redact_body(key->operation, answer, &body, err);

    if (st == MW_ERR_UNSUPPORTED) {
        mw_log_warn("%s:%s is not in the recording: its answer may hold secrets that cannot be removed",
                    mw_service_name(mw_operation_service(key->operation)), mw_operation_name(key->operation));
        return MW_OK;
    }
    if (st != MW_OK || (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    if ((st = describe(key, answer, &body, b, &v, err)) != MW_OK ||
        (st = mw_json_write(&text, mw_doc_view(b), v, MW_JSON_COMPACT)) != MW_OK ||
        (st = mw__exchange_key_text(&name, key, 0, &any_region, &group, err)) != MW_OK ||
        (st = grow(r, text.len + name.len, err)) != MW_OK)
        goto out;
    l.group = group;
    l.n = (unsigned)r->count; /* order of arrival; numbered within its group at the end */
    l.key = mw_buf_take(&name, NULL);
    l.text = mw_buf_take(&text, &l.len);
    if (!l.key || !l.text) {
        mw_free(l.key);
        mw_free(l.text);
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory");
        goto out;
    }
    r->bytes += l.len + group;
    r->lines[r->count++] = l;
out:
    mw_doc_builder_free(b);
    return st;
}

mw_status mw_recorder_note(mw_recorder *r, const char *key, const char *value, mw_error *err)
{
    MW_AUTO(mw_buf) masked = {.max = 1 << 20};
    note *n = NULL;
    mw_status st = mw_mask_secrets(&masked, value, strlen(value));

    if (st != MW_OK)
        return mw_fail(err, st, "note '%s' could not be kept", key);
    for (size_t i = 0; i < r->note_count && !n; i++)
        if (strcmp(r->notes[i].key, key) == 0)
            n = &r->notes[i];
    if (!n) {
        if (r->note_count == NOTES_MAX)
            return mw_fail(err, MW_ERR_LIMIT, "recording %s: more than %d notes", r->dir, NOTES_MAX);
        n = &r->notes[r->note_count];
        if (!(n->key = mw_strdup(key)))
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
        r->note_count++;
    }
    mw_free(n->value);
    n->value = mw_buf_take(&masked, NULL);
    return n->value ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory");
}

const char *mw_recorder_noted(const mw_recorder *r, const char *key)
{
    for (size_t i = 0; i < r->note_count; i++)
        if (strcmp(r->notes[i].key, key) == 0)
            return r->notes[i].value;
    return NULL;
}

/* ---- writing ---- */

static int by_group_and_arrival(const void *a, const void *b)
{
    const line *x = a, *y = b;
    int c = strcmp(x->key, y->key);

    return c ? c : x->n < y->n ? -1 : x->n > y->n;
}

/** A kept line with its number. */
static mw_status write_line(mw_buf *out, const line *l, unsigned n, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_val v;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    if ((st = mw_json_read(b, l->text, l->len, NULL, NULL, err)) == MW_OK) {
        const mw_doc *d = mw_doc_view(b);
        mw_val old = mw_doc_pop(b);

        mw_doc_begin_object(b);
        for (size_t i = 0; i < mw_val_len(d, old); i++) {
            mw_val key = MW_VAL_ABSENT, value = mw_val_member(d, old, i, &key);

            mw_doc_key_val(b, key);
            mw_doc_add_val(b, value);
        }
        mw_doc_member_int(b, "n", (int64_t)n);
        mw_doc_end_object(b);
        v = mw_doc_pop(b);
        if ((st = mw_doc_builder_status(b, err)) == MW_OK)
            st = mw_json_write(out, mw_doc_view(b), v, MW_JSON_COMPACT);
        mw_buf_putc(out, '\n');
    }
    mw_doc_builder_free(b);
    return st != MW_OK ? st : mw_buf_status(out, err);
}

/** How many exchanges of a group the folder has already. */
static unsigned held(const mw_exchange_file *old, const line *l, size_t *from)
{
    unsigned n = 0;

    while (*from < old->count && strncmp(old->entries[*from].key, l->key, l->group) < 0)
        (*from)++;
    for (size_t i = *from; i < old->count && strncmp(old->entries[i].key, l->key, l->group) == 0; i++)
        n++;
    return n;
}

static mw_status write_old(mw_buf *out, const mw_exchange_file *old, size_t i, mw_error *err)
{
    mw_status st = mw_json_write(out, old->doc, old->entries[i].value, MW_JSON_COMPACT);

    mw_buf_putc(out, '\n');
    return st != MW_OK ? st : mw_buf_status(out, err);
}

/** Both sorted lists into one; of a group that both have, the old ones stay and later numbers are
 * added. */
static mw_status write_exchanges(mw_recorder *r, const mw_exchange_file *old, mw_buf *out, size_t *count, mw_error *err)
{
    size_t next = 0, search = 0;
    mw_status st = MW_OK;

    *count = 0;
    if (r->count > 0)
        qsort(r->lines, r->count, sizeof(*r->lines), by_group_and_arrival);
    for (size_t i = 0; st == MW_OK && i < r->count;) {
        const line *l = &r->lines[i];
        unsigned have = held(old, l, &search), n = 0;
        size_t group_end = search + have;

        for (; st == MW_OK && next < group_end; next++, (*count)++)
            st = write_old(out, old, next, err);
        for (; st == MW_OK && i < r->count && strcmp(r->lines[i].key, l->key) == 0; i++) {
            if (++n <= have)
                continue;
            st = write_line(out, &r->lines[i], n, err);
            (*count)++;
        }
    }
    for (; st == MW_OK && next < old->count; next++, (*count)++)
        st = write_old(out, old, next, err);
    return st;
}

static mw_status write_manifest(mw_recorder *r, const mw_doc *old, size_t count, mw_buf *out, mw_error *err)
{
    mw_val notes = old ? mw_val_get(old, mw_doc_root(old), "notes") : MW_VAL_ABSENT;
    const char *at = old ? mw_val_get_str(old, mw_doc_root(old), "recorded_at", NULL) : NULL;
    char now[MW_TIME_SIZE];
    mw_doc_builder *b = NULL;
    mw_val v;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_time_iso(now, r->started_ns / 1000000000 * 1000000000);
    mw_doc_begin_object(b);
    mw_doc_member_int(b, "format", 1);
    /* The first recording's time stays: its exchanges do too, and ages are judged by it. */
    mw_doc_member_str(b, "recorded_at", at ? at : now);
    mw_doc_member_str(b, "engine", MW_VERSION);
    mw_doc_member_str(b, "botocore", mw_models_botocore_version(r->models));
    mw_doc_member_int(b, "exchanges", (int64_t)count);
    mw_doc_ckey(b, "notes");
    mw_doc_begin_object(b);
    for (size_t i = 0; old && i < mw_val_len(old, notes); i++) {
        mw_val key = MW_VAL_ABSENT, value = mw_val_member(old, notes, i, &key);

        mw_doc_ckey(b, mw_val_str(old, key, NULL));
        mw_doc_add_copy(b, old, value);
    }
    for (size_t i = 0; i < r->note_count; i++)
        mw_doc_member_str(b, r->notes[i].key, r->notes[i].value);
    mw_doc_end_object(b);
    mw_doc_end_object(b);
    v = mw_doc_pop(b);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK)
        st = mw_json_write(out, mw_doc_view(b), v, MW_JSON_PRETTY);
    mw_buf_putc(out, '\n');
    mw_doc_builder_free(b);
    return st != MW_OK ? st : mw_buf_status(out, err);
}

mw_status mw_recorder_close(mw_recorder *r, mw_error *err)
{
    MW_AUTO(mw_buf) path = {.max = 8192};
    MW_AUTO(mw_buf) manifest_path = {.max = 8192};
    MW_AUTO(mw_buf) text = {.max = TOTAL_MAX_BYTES};
    MW_AUTO(mw_buf) manifest = {.max = 16 << 20};
    mw_exchange_file old = {0};
    mw_doc *old_manifest = NULL;
    size_t count = 0;
    mw_status st;

    mw_buf_printf(&path, "%s/exchanges.jsonl", r->dir);
    mw_buf_printf(&manifest_path, "%s/manifest.json", r->dir);
    if ((st = mw_buf_status(&path, err)) != MW_OK || (st = mw__exchange_file_load(path.data, &old, err)) != MW_OK)
        return st;
    st = mw__manifest_load(r->dir, &old_manifest, err);
    if (st != MW_OK && st != MW_ERR_NOTFOUND)
        goto out;
    if ((st = write_exchanges(r, &old, &text, &count, err)) != MW_OK ||
        (st = write_manifest(r, old_manifest, count, &manifest, err)) != MW_OK ||
        (st = mw_file_write_atomic(path.data, text.data ? text.data : "", text.len, 0600, err)) != MW_OK)
        goto out;
    st = mw_file_write_atomic(manifest_path.data, manifest.data, manifest.len, 0600, err);
out:
    mw__exchange_file_clear(&old);
    mw_doc_free(old_manifest);
    return st;
}
