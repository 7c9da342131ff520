/*
 * Withholding: a copy of a document in which sensitive texts are unknowns with a token. Relies on HMAC-SHA256 alone; there
 * is no secret in the key, so a token hides what cannot be guessed and no more. It must never let a covered text through:
 * whatever the mask says of a container holds for all that is in it.
 */
#include "doc/withhold.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"

#include <string.h>

#define DOMAIN      "moonward.withheld/1"
#define TOKEN_BYTES 16
#define KEY_MAX     ((size_t)64 << 20)
#define MESSAGE     "the store does not keep it; a live sweep judges it"

struct copying {
    mw_doc_builder *b;
    const mw_doc *d, *masks;
    mw_buf key; /* of the HMAC: domain, place and path, each text with a NUL behind it */
};

mw_val mw_mask_below(const mw_doc *d, mw_val mask, const char *name, size_t len)
{
    mw_val below;

    if (mw_val_kind(d, mask) != MW_KIND_OBJECT)
        return mask;
    below = mw_val_getn(d, mask, name, len);
    return below == MW_VAL_ABSENT ? mw_val_get(d, mask, "*") : below;
}

static void add_token(struct copying *c, const char *text, size_t len)
{
    uint8_t mac[MW_SHA256_SIZE];
    char hex[2 * MW_SHA256_SIZE + 1];

    mw_hmac_sha256(mac, c->key.data, c->key.len, text, len);
    mw_hex(hex, mac, TOKEN_BYTES);
    mw_doc_begin_object(c->b);
    mw_doc_member_str(c->b, "code", MW_WITHHELD);
    mw_doc_member_str(c->b, "message", MESSAGE);
    mw_doc_member_str(c->b, "token", hex);
    mw_doc_end_object(c->b);
    mw_doc_add_unknown(c->b);
}

static void copy(struct copying *c, mw_val v, mw_val mask);

static void copy_object(struct copying *c, mw_val v, mw_val mask)
{
    size_t before = c->key.len;

    mw_doc_begin_object(c->b);
    for (size_t i = 0; i < mw_val_len(c->d, v); i++) {
        mw_val key, member = mw_val_member(c->d, v, i, &key);
        size_t len;
        const char *name = mw_val_str(c->d, key, &len);
        mw_buf_add(&c->key, name, len + 1, NULL);
        mw_doc_key(c->b, name, len);
        copy(c, member, mw_mask_below(c->masks, mask, name, len));
        c->key.len = before;
    }
    mw_doc_end_object(c->b);
}

static void copy(struct copying *c, mw_val v, mw_val mask)
{
    mw_kind covers = mw_val_kind(c->masks, mask);
    size_t len;
    const char *text;

    if (covers == MW_KIND_ABSENT) {
        mw_doc_add_copy(c->b, c->d, v);
        return;
    }
    switch (mw_val_kind(c->d, v)) {
    case MW_KIND_STRING:
        text = mw_val_str(c->d, v, &len);
        if (covers == MW_KIND_OBJECT)
            mw_doc_add_str(c->b, text, len);
        else
            add_token(c, text, len);
        break;
    case MW_KIND_ARRAY:
        mw_doc_begin_array(c->b);
        for (size_t i = 0; i < mw_val_len(c->d, v); i++)
            copy(c, mw_val_at(c->d, v, i), mask);
        mw_doc_end_array(c->b);
        break;
    case MW_KIND_OBJECT: copy_object(c, v, mask); break;
    default: mw_doc_add_copy(c->b, c->d, v); break;
    }
}

void mw_doc_add_withheld(mw_doc_builder *b, const mw_doc *d, mw_val v, const mw_doc *mask_doc, mw_val mask,
                         const mw_place *place, const char *path, size_t path_len)
{
    const char *const texts[] = {DOMAIN, place->partition, place->account, place->region, place->type, place->id};
    struct copying c = {.b = b, .d = d, .masks = mask_doc, .key = {.max = KEY_MAX}};

    for (size_t i = 0; i < MW_COUNT(texts); i++)
        mw_buf_add(&c.key, texts[i], strlen(texts[i]) + 1, NULL);
    mw_buf_add(&c.key, path, path_len, NULL);
    copy(&c, v, mask);
    if (mw_buf_status(&c.key, NULL) != MW_OK)
        mw_doc_builder_fail(b, c.key.failed, "a path is too long to be withheld");
    mw_buf_clear(&c.key);
}

const char *mw_val_token(const mw_doc *d, mw_val v)
{
    mw_val cause = mw_val_cause(d, v);

    if (!mw_str_eq(mw_val_get_str(d, cause, "code", NULL), MW_WITHHELD))
        return NULL;
    return mw_val_get_str(d, cause, "token", NULL);
}

mw_val mw_snapshot_mask(const mw_doc *snapshot, const char *type)
{
    mw_val types = mw_val_get(snapshot, mw_doc_root(snapshot), "types");

    return mw_val_get(snapshot, mw_val_get(snapshot, types, type), "sensitive");
}

bool mw_snapshot_withholds(const mw_doc *snapshot)
{
    mw_val types = mw_val_get(snapshot, mw_doc_root(snapshot), "types");
    bool found = false;

    for (size_t i = 0; i < mw_val_len(snapshot, types) && !found; i++)
        found = mw_val_get(snapshot, mw_val_member(snapshot, types, i, NULL), "sensitive") != MW_VAL_ABSENT;
    return found;
}

/* Is there any text that the mask covers? */
static bool holds(const mw_doc *d, mw_val v, const mw_doc *masks, mw_val mask)
{
    mw_kind kind = mw_val_kind(d, v);
    bool all = mw_val_kind(masks, mask) != MW_KIND_OBJECT;
    bool found = kind == MW_KIND_STRING && all;

    if (mask == MW_VAL_ABSENT)
        return false;
    if (kind == MW_KIND_ARRAY)
        for (size_t i = 0; i < mw_val_len(d, v) && !found; i++)
            found = holds(d, mw_val_at(d, v, i), masks, mask);
    else if (kind == MW_KIND_OBJECT && (all || mw_val_get(masks, mask, "*") != MW_VAL_ABSENT))
        for (size_t i = 0; i < mw_val_len(d, v) && !found; i++) {
            size_t len;
            mw_val key, member = mw_val_member(d, v, i, &key);
            const char *name = mw_val_str(d, key, &len);
            found = holds(d, member, masks, mw_mask_below(masks, mask, name, len));
        }
    else if (kind == MW_KIND_OBJECT)
        for (size_t i = 0; i < mw_val_len(masks, mask) && !found; i++) { /* a mask has few members */
            size_t len;
            mw_val key, below = mw_val_member(masks, mask, i, &key);
            const char *name = mw_val_str(masks, key, &len);
            found = holds(d, mw_val_getn(d, v, name, len), masks, below);
        }
    return found;
}

mw_place mw_place_of(const mw_doc *d, mw_val resource)
{
    return (mw_place){.partition = mw_val_get_str(d, resource, "partition", ""),
                      .account = mw_val_get_str(d, resource, "account", ""),
                      .region = mw_val_get_str(d, resource, "region", ""),
                      .type = mw_val_get_str(d, resource, "type", ""),
                      .id = mw_val_get_str(d, resource, "id", "")};
}

void mw_doc_add_resource_withheld(mw_doc_builder *b, const mw_doc *d, mw_val resource, const mw_doc *mask_doc,
                                  mw_val mask)
{
    const mw_place place = mw_place_of(d, resource);

    mw_doc_begin_object(b);
    for (size_t i = 0; i < mw_val_len(d, resource); i++) {
        mw_val key, member = mw_val_member(d, resource, i, &key);
        const char *name = mw_val_str(d, key, NULL);
        mw_doc_ckey(b, name);
        if (mw_str_eq(name, "doc"))
            mw_doc_add_withheld(b, d, member, mask_doc, mask, &place, "", 0);
        else
            mw_doc_add_copy(b, d, member);
    }
    mw_doc_end_object(b);
}

mw_status mw_resource_write_stored(mw_buf *out, mw_doc_builder *scratch, const mw_doc *d, mw_val resource, mw_val mask,
                                   mw_json_style style, mw_error *err)
{
    mw_status st;

    if (holds(d, mw_val_get(d, resource, "doc"), d, mask)) {
        mw_doc_builder_reset(scratch);
        mw_doc_add_resource_withheld(scratch, d, resource, d, mask);
        if ((st = mw_doc_builder_status(scratch, err)) != MW_OK)
            return st;
        resource = mw_doc_pop(scratch);
        d = mw_doc_view(scratch);
    }
    return mw_json_write(out, d, resource, style) == MW_OK ? MW_OK : mw_buf_status(out, err);
}
