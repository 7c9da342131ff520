/* Documents as they lie in the store: zstd, with a dictionary for each type that one was trained
 * for. */
#ifndef MW_STORE_CODEC_H
#define MW_STORE_CODEC_H

#include "base/buf.h"
#include "base/str.h"

#include <stdint.h>

typedef struct mw_codec mw_codec;

/** Never fails for lack of anything but memory: NULL then. */
mw_codec *mw_codec_new(void);
void mw_codec_free(mw_codec *c);

/** Make a dictionary known under a number above 0. Copied. @return MW_OK; MW_ERR_PARSE;
 * MW_ERR_NOMEM. */
mw_status mw_codec_add(mw_codec *c, int64_t number, const void *body, size_t len, mw_error *err);
bool mw_codec_has(const mw_codec *c, int64_t number);

/** @p number 0 = without a dictionary. @p out is borrowed until the next call. */
mw_status mw_codec_pack(mw_codec *c, int64_t number, const char *doc, size_t len, const void **out, size_t *out_len,
                        mw_error *err);
/**
 * The reverse. @p len is what the document is known to have; @p max a ceiling for it.
 * @return MW_OK; MW_ERR_PARSE: damaged; MW_ERR_NOMEM. The text is NUL-terminated, borrowed until
 * the next call.
 */
mw_status mw_codec_unpack(mw_codec *c, int64_t number, const void *packed, size_t packed_len, size_t len, size_t max,
                          const char **out, mw_error *err);

/**
 * The same without a dictionary, appended to @p out, for what a stranger packed: memory grows with what comes out, up to
 * out->max, and not with what @p len or the packed bytes claim. Exactly one frame that gives exactly @p len bytes.
 * @return MW_OK; MW_ERR_PARSE: damaged, or of another length; MW_ERR_LIMIT: over out->max; MW_ERR_NOMEM.
 */
mw_status mw_codec_inflate(mw_codec *c, const void *packed, size_t packed_len, size_t len, mw_buf *out, mw_error *err);

/**
 * A dictionary from samples, into @p out; left empty when they are too few or too small to give
 * one. The same samples give the same bytes.
 */
mw_status mw_codec_train(const mw_str *samples, size_t count, mw_buf *out, mw_error *err);

#endif
