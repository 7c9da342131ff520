/*
 * Packing documents. Contexts and dictionaries are prepared once and used for many documents, which
 * is where the speed comes from. A dictionary is made of the documents themselves: it must never
 * leave the store that they are in. Relies on the caller to keep each packed document's length and
 * hash.
 */
#include "store/codec.h"

#include "base/mem.h"

#include <zdict.h>
#include <zstd.h>

#define LEVEL                  3
#define DICTIONARY_MAX         ((size_t)64 << 10)
#define DICTIONARY_MIN         ((size_t)4 << 10)
#define SAMPLES_MIN            64
#define SAMPLES_PER_DICTIONARY 8  /* bytes of samples for one of dictionary */
#define WINDOW_LOG_MAX         23 /* of a stranger's frame; level 3 takes 21 (ZSTD_getCParams) */
#define INFLATE_STEP           ((size_t)128 << 10)

struct dictionary {
    int64_t number;
    ZSTD_CDict *pack;
    ZSTD_DDict *unpack;
};

struct mw_codec {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    struct dictionary *all;
    size_t count, cap;
    char *packed, *text; /* grow to the largest document */
    size_t packed_cap, text_cap;
};

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for documents of a snapshot");
}

mw_codec *mw_codec_new(void)
{
    mw_codec *c = mw_alloc(sizeof(*c));

    if (!c)
        return NULL;
    c->pack = ZSTD_createCCtx();
    c->unpack = ZSTD_createDCtx();
    if (!c->pack || !c->unpack || ZSTD_isError(ZSTD_CCtx_setParameter(c->pack, ZSTD_c_compressionLevel, LEVEL)) ||
        /* The store knows length, dictionary and hash: a header of five bytes is enough. */
        ZSTD_isError(ZSTD_CCtx_setParameter(c->pack, ZSTD_c_contentSizeFlag, 0)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(c->pack, ZSTD_c_dictIDFlag, 0))) {
        mw_codec_free(c);
        return NULL;
    }
    return c;
}

void mw_codec_free(mw_codec *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++) {
        ZSTD_freeCDict(c->all[i].pack);
        ZSTD_freeDDict(c->all[i].unpack);
    }
    ZSTD_freeCCtx(c->pack);
    ZSTD_freeDCtx(c->unpack);
    mw_free(c->all);
    mw_free(c->packed);
    mw_free(c->text);
    mw_free(c);
}

static const struct dictionary *find(const mw_codec *c, int64_t number)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->all[i].number == number)
            return &c->all[i];
    return NULL;
}

bool mw_codec_has(const mw_codec *c, int64_t number)
{
    return find(c, number) != NULL;
}

mw_status mw_codec_add(mw_codec *c, int64_t number, const void *body, size_t len, mw_error *err)
{
    struct dictionary d = {.number = number};

    if (c->count == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 32;
        struct dictionary *grown = mw_realloc(c->all, cap * sizeof(*grown));
        if (!grown)
            return no_memory(err);
        c->all = grown;
        c->cap = cap;
    }
    d.pack = ZSTD_createCDict(body, len, LEVEL);
    d.unpack = ZSTD_createDDict(body, len);
    if (!d.pack || !d.unpack) {
        ZSTD_freeCDict(d.pack);
        ZSTD_freeDDict(d.unpack);
        return mw_fail(err, MW_ERR_PARSE, "dictionary %lld is damaged", (long long)number);
    }
    c->all[c->count++] = d;
    return MW_OK;
}

static bool widen(char **to, size_t *cap, size_t need)
{
    char *grown;

    if (need <= *cap)
        return true;
    need = need < *cap * 2 ? *cap * 2 : need;
    if (!(grown = mw_realloc(*to, need)))
        return false;
    *to = grown;
    *cap = need;
    return true;
}

mw_status mw_codec_pack(mw_codec *c, int64_t number, const char *doc, size_t len, const void **out, size_t *out_len,
                        mw_error *err)
{
    const struct dictionary *d = number ? find(c, number) : NULL;
    size_t n;

    if (number && !d)
        return mw_fail(err, MW_ERR_INVALID, "dictionary %lld is not there", (long long)number);
    if (!widen(&c->packed, &c->packed_cap, ZSTD_compressBound(len)))
        return no_memory(err);
    if (ZSTD_isError(ZSTD_CCtx_refCDict(c->pack, d ? d->pack : NULL)) ||
        ZSTD_isError(n = ZSTD_compress2(c->pack, c->packed, c->packed_cap, doc, len)))
        return no_memory(err);
    *out = c->packed;
    *out_len = n;
    return MW_OK;
}

mw_status mw_codec_unpack(mw_codec *c, int64_t number, const void *packed, size_t packed_len, size_t len, size_t max,
                          const char **out, mw_error *err)
{
    const struct dictionary *d = number ? find(c, number) : NULL;

    if ((number && !d) || len > max)
        return mw_fail(err, MW_ERR_PARSE, "its dictionary is missing, or it is too large");
    if (!widen(&c->text, &c->text_cap, len + 1))
        return no_memory(err);
    if (ZSTD_isError(ZSTD_DCtx_refDDict(c->unpack, d ? d->unpack : NULL)) ||
        ZSTD_decompressDCtx(c->unpack, c->text, len + 1, packed, packed_len) != len)
        return mw_fail(err, MW_ERR_PARSE, "it cannot be unpacked");
    c->text[len] = '\0';
    *out = c->text;
    return MW_OK;
}

mw_status mw_codec_inflate(mw_codec *c, const void *packed, size_t packed_len, size_t len, mw_buf *out, mw_error *err)
{
    ZSTD_inBuffer in = {.src = packed, .size = packed_len};
    size_t from = out->len, left = 1;

    if (ZSTD_isError(ZSTD_DCtx_reset(c->unpack, ZSTD_reset_session_only)) ||
        ZSTD_isError(ZSTD_DCtx_setParameter(c->unpack, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)) ||
        ZSTD_isError(ZSTD_DCtx_refDDict(c->unpack, NULL)))
        return no_memory(err);
    while (left != 0) {
        ZSTD_outBuffer to = {.size = INFLATE_STEP};
        size_t before = in.pos;
        if (!(to.dst = mw_buf_reserve(out, INFLATE_STEP, err)))
            return out->failed;
        left = ZSTD_decompressStream(c->unpack, &to, &in);
        if (!ZSTD_isError(left))
            mw_buf_grown(out, to.pos);
        if (ZSTD_isError(left) || out->len - from > len || (left != 0 && to.pos == 0 && in.pos == before))
            break;
    }
    return left == 0 && in.pos == in.size && out->len - from == len
               ? MW_OK
               : mw_fail(err, MW_ERR_PARSE, "it cannot be unpacked to its length");
}

mw_status mw_codec_train(const mw_str *samples, size_t count, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_buf) all = {.max = (size_t)64 << 20};
    size_t *sizes, room, n;
    char *to;

    for (size_t i = 0; i < count; i++)
        mw_buf_add(&all, samples[i].data, samples[i].len, NULL);
    if (all.failed != MW_OK)
        return mw_buf_status(&all, err);
    room = all.len / SAMPLES_PER_DICTIONARY < DICTIONARY_MAX ? all.len / SAMPLES_PER_DICTIONARY : DICTIONARY_MAX;
    if (count < SAMPLES_MIN || room < DICTIONARY_MIN)
        return MW_OK;
    sizes = mw_alloc(count * sizeof(*sizes));
    to = sizes ? mw_buf_reserve(out, room, err) : NULL;
    if (!to) {
        mw_free(sizes);
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++)
        sizes[i] = samples[i].len;
    n = ZDICT_trainFromBuffer(to, room, all.data, sizes, (unsigned)count);
    mw_free(sizes);
    if (!ZDICT_isError(n)) /* samples that have nothing in common give none */
        mw_buf_grown(out, n);
    return MW_OK;
}
