/* RFC 8949 CBOR, as much as rpc-v2-cbor needs: a pull reader without a tree, and a writer. */
#ifndef MW_AWS_CBOR_H
#define MW_AWS_CBOR_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum mw__cbor_type {
    MW__CBOR_UINT,   /* `number` */
    MW__CBOR_NEGINT, /* -1 - `number` */
    MW__CBOR_BYTES,  /* `data`, `len` */
    MW__CBOR_TEXT,   /* `data`, `len`: valid UTF-8 */
    MW__CBOR_ARRAY,  /* `number` elements, or until the break */
    MW__CBOR_MAP,    /* `number` pairs, or until the break */
    MW__CBOR_TAG,    /* `number`; the tagged item follows */
    MW__CBOR_BOOL,   /* `number` 0 or 1 */
    MW__CBOR_NULL,   /* null and undefined */
    MW__CBOR_REAL    /* `real`, from 16, 32 or 64 bits */
} mw__cbor_type;

typedef struct mw__cbor_item {
    mw__cbor_type type;
    bool indefinite; /* of an array or a map */
    uint64_t number;
    double real;
    const char *data; /* borrowed from the input, or from scratch until the next chunked string */
    size_t len;
} mw__cbor_item;

typedef struct mw__cbor {
    const unsigned char *start, *p, *end;
    mw_buf scratch; /* joins the chunks of an indefinite string */
} mw__cbor;

void mw__cbor_init(mw__cbor *c, const void *data, size_t len);
void mw__cbor_clear(mw__cbor *c);
/** Read one item's head, or a whole string. MW_ERR_PARSE names the byte. */
mw_status mw__cbor_next(mw__cbor *c, mw__cbor_item *item, mw_error *err);
/** Does another element (or pair) of @p container follow after @p done ones? Consumes the break. */
mw_status mw__cbor_more(mw__cbor *c, const mw__cbor_item *container, size_t done, bool *more, mw_error *err);
bool mw__cbor_peek_text(const mw__cbor *c);
bool mw__cbor_peek_null(const mw__cbor *c);
bool mw__cbor_at_end(const mw__cbor *c);
/** Check and drop one item of at most @p depth levels. */
mw_status mw__cbor_skip(mw__cbor *c, unsigned depth, mw_error *err);

/** Append a head: major type 0..6 with its argument in the shortest form. */
void mw__cbor_put_head(mw_buf *out, unsigned major, uint64_t argument);
void mw__cbor_put_int(mw_buf *out, int64_t n);
void mw__cbor_put_text(mw_buf *out, const char *s, size_t len);
void mw__cbor_put_real(mw_buf *out, double x, bool single);
void mw__cbor_put_bool(mw_buf *out, bool x);
void mw__cbor_put_null(mw_buf *out);

#endif
