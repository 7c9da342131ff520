/*
 * mw_doc: compact immutable documents.
 *
 * A document is 32-bit words: a value is 3 tag bits and 29 payload bits. Strings and keys are
 * interned once ("atoms"), an object is a shape (its sorted key atoms) and its values, equal arrays
 * and objects may be shared, and all links are offsets. So a document is one block of bytes that can
 * be sealed in a memfd, mapped read-only by a worker, or written to disk, without any translation.
 *
 * *Unknown* is a kind of its own: a value that could not be fetched, with its cause. It is neither
 * null nor absent, and no function here turns it into one.
 *
 * A value word (`mw_val`) means something only together with the document that it came from.
 */
#ifndef MOONWARD_DOC_H
#define MOONWARD_DOC_H

#include "moonward/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t mw_val;
typedef struct mw_doc mw_doc;
typedef struct mw_doc_builder mw_doc_builder;

typedef enum mw_kind {
    MW_KIND_ABSENT, /**< no such member or element; never stored */
    MW_KIND_NULL,
    MW_KIND_BOOL,
    MW_KIND_INT,    /**< 64-bit signed */
    MW_KIND_REAL,   /**< IEEE double, finite or not */
    MW_KIND_STRING, /**< UTF-8, may contain NUL */
    MW_KIND_ARRAY,
    MW_KIND_OBJECT,
    MW_KIND_UNKNOWN /**< could not be fetched; mw_val_cause() tells why */
} mw_kind;

/** The words of the constants, the same in every document. */
extern const mw_val MW_VAL_ABSENT, MW_VAL_NULL, MW_VAL_FALSE, MW_VAL_TRUE;

/* ---- Reading. Pure, safe on any number of threads. All accept any value: a wrong kind gives the
 *      neutral answer named. Borrowed pointers live as long as the document (for a builder's view:
 *      until the next addition). ---- */

mw_kind mw_val_kind(const mw_doc *d, mw_val v);
bool mw_val_bool(const mw_doc *d, mw_val v);   /**< false unless the kind is BOOL and true */
int64_t mw_val_int(const mw_doc *d, mw_val v); /**< REAL is truncated and clamped; else 0 */
double mw_val_real(const mw_doc *d, mw_val v); /**< INT is converted; else 0 */
/** NUL-terminated bytes of a STRING, else NULL. @p len may be NULL. */
const char *mw_val_str(const mw_doc *d, mw_val v, size_t *len);
/** Elements of an ARRAY, members of an OBJECT, else 0. */
size_t mw_val_len(const mw_doc *d, mw_val v);
/** Element @p i, or MW_VAL_ABSENT. An UNKNOWN receiver gives that same unknown. */
mw_val mw_val_at(const mw_doc *d, mw_val array, size_t i);
/** Member by key (NULL: none has it), or MW_VAL_ABSENT. An UNKNOWN receiver gives that same unknown. */
mw_val mw_val_get(const mw_doc *d, mw_val object, const char *key);
mw_val mw_val_getn(const mw_doc *d, mw_val object, const char *key, size_t len);
/** `mw_val_path(d, v, "State.Name")`: dotted member names only; as mw_val_get() at each step. */
mw_val mw_val_path(const mw_doc *d, mw_val v, const char *path);
/** Member @p i in ascending byte order of keys; @p key (a STRING value) may be NULL. */
mw_val mw_val_member(const mw_doc *d, mw_val object, size_t i, mw_val *key);
/** Cause given to mw_doc_add_unknown(), usually {operation, code, message}; ABSENT if not UNKNOWN. */
mw_val mw_val_cause(const mw_doc *d, mw_val v);
/** Deep equality across documents; INT 1 equals REAL 1.0. An UNKNOWN equals nothing, itself included. */
bool mw_val_equal(const mw_doc *a, mw_val va, const mw_doc *b, mw_val vb);
/** Shorthands: member string, or @p fallback unless it is a STRING; member integer or fallback. */
const char *mw_val_get_str(const mw_doc *d, mw_val object, const char *key, const char *fallback);
int64_t mw_val_get_int(const mw_doc *d, mw_val object, const char *key, int64_t fallback);
bool mw_val_get_bool(const mw_doc *d, mw_val object, const char *key, bool fallback);

/** Root value of a finished document (MW_VAL_NULL when none was set). */
mw_val mw_doc_root(const mw_doc *d);
/** Bytes it occupies. */
size_t mw_doc_size(const mw_doc *d);

/* Fast path: resolve a key once per document, then compare integers. */
typedef uint32_t mw_atom;
#define MW_ATOM_NONE UINT32_MAX
/** The atom of a string in this document, or MW_ATOM_NONE when it does not occur. */
mw_atom mw_doc_atom(const mw_doc *d, const char *s, size_t len);
mw_val mw_val_get_atom(const mw_doc *d, mw_val object, mw_atom key);
/** Where a key was in the last object that it was looked up in: objects of a kind have their keys in the same places. */
typedef struct mw_member_hint {
    uint32_t shape, place; /* its shape + 1, or 0 = none yet; from 1, or 0 = it was not there */
} mw_member_hint;
/** mw_val_get_atom(); @p hint begins as zeros and belongs to one key and one document. */
mw_val mw_val_get_hinted(const mw_doc *d, mw_val object, mw_atom key, mw_member_hint *hint);
/** The atom of a STRING value, else MW_ATOM_NONE. Equal strings of one document have equal atoms. */
mw_atom mw_val_atom(const mw_doc *d, mw_val v);

/* ---- Finished documents ---- */

/**
 * Open @p size bytes made by mw_doc_finish(), borrowed and never written, at an address divisible by
 * 8 (MW_ERR_INVALID; mmap and malloc give such). Everything that a reader
 * relies on is checked (offsets, counts, order, acyclicity), so that hostile bytes give
 * MW_ERR_PARSE and never a crash. Cost: one pass over the bytes.
 */
mw_status mw_doc_open(const void *bytes, size_t size, mw_doc **out, mw_error *err);
/** As mw_doc_open() without the checks, in constant time: only for bytes of our own making. */
mw_status mw_doc_open_trusted(const void *bytes, size_t size, mw_doc **out, mw_error *err);
/** Map a descriptor read-only and open it (trusted); unmapped by mw_doc_free(). The fd stays the caller's. */
mw_status mw_doc_map(int fd, mw_doc **out, mw_error *err);
/** NULL is allowed. */
void mw_doc_free(mw_doc *d);
/** The bytes, for writing to disk. */
const void *mw_doc_bytes(const mw_doc *d);

/* ---- Building. Post-order with a stack: scalars and finished containers are pushed; begin/end
 *      collect them. The first failure sticks: later additions do nothing, and
 *      mw_doc_builder_status() reports it. ---- */

typedef struct mw_doc_options {
    size_t max_bytes; /**< ceiling of the whole document; 0 = 1 GiB */
    bool share;       /**< hash-cons equal arrays and objects: smaller, slower to build */
    bool secret;      /**< its texts are zeroed before their memory goes back: for documents that hold keys */
} mw_doc_options;

/** @p options may be NULL. */
mw_status mw_doc_builder_new(const mw_doc_options *options, mw_doc_builder **out, mw_error *err);
void mw_doc_builder_free(mw_doc_builder *b);
/** Empty it and keep the memory, for the next page. Values taken before become invalid. */
void mw_doc_builder_reset(mw_doc_builder *b);
mw_status mw_doc_builder_status(const mw_doc_builder *b, mw_error *err);
/** Remember a failure found by the caller (a parser), as if an addition had failed. */
void mw_doc_builder_fail(mw_doc_builder *b, mw_status status, const char *message);

void mw_doc_add_null(mw_doc_builder *b);
void mw_doc_add_bool(mw_doc_builder *b, bool value);
void mw_doc_add_int(mw_doc_builder *b, int64_t value);
void mw_doc_add_real(mw_doc_builder *b, double value);
/** Copied and interned. Invalid UTF-8 is repaired with U+FFFD. */
void mw_doc_add_str(mw_doc_builder *b, const char *s, size_t len);
void mw_doc_add_cstr(mw_doc_builder *b, const char *s);
/** The word of such a string without pushing it, for mw_doc_add_val() or mw_doc_key_val(). ABSENT on failure. */
mw_val mw_doc_str(mw_doc_builder *b, const char *s, size_t len);
/** Push a value that already lies in @p b (shares it). */
void mw_doc_add_val(mw_doc_builder *b, mw_val v);
/** Deep-copy a value of another document; sharing inside it is kept. */
void mw_doc_add_copy(mw_doc_builder *b, const mw_doc *from, mw_val v);
/** Pop the value on top and push an UNKNOWN with it as cause. */
void mw_doc_add_unknown(mw_doc_builder *b);
/** Push an UNKNOWN with cause {"operation", "code", "message"}; NULL strings are left out. */
void mw_doc_add_unknown_cause(mw_doc_builder *b, const char *operation, const char *code, const char *message);

void mw_doc_begin_array(mw_doc_builder *b);
void mw_doc_end_array(mw_doc_builder *b);
void mw_doc_begin_object(mw_doc_builder *b);
/** Before each member's value. The last of equal keys wins. */
void mw_doc_key(mw_doc_builder *b, const char *key, size_t len);
void mw_doc_ckey(mw_doc_builder *b, const char *key);
/** A key given as a STRING value of this builder: no hashing. */
void mw_doc_key_val(mw_doc_builder *b, mw_val key);
void mw_doc_end_object(mw_doc_builder *b);
/** A whole member, of a key and a value that lie in @p b: mw_doc_key_val() and mw_doc_add_val(). */
void mw_doc_member_val(mw_doc_builder *b, mw_val key, mw_val value);
/** Shorthands inside an object. A NULL @p value of _str adds null. */
void mw_doc_member_str(mw_doc_builder *b, const char *key, const char *value);
void mw_doc_member_int(mw_doc_builder *b, const char *key, int64_t value);
void mw_doc_member_bool(mw_doc_builder *b, const char *key, bool value);

/** Take the finished value on top of the stack; it stays in the builder's storage. ABSENT on failure. */
mw_val mw_doc_pop(mw_doc_builder *b);
/** Read what was built so far. The pointer is constant for the builder's life; what it lends is not. */
const mw_doc *mw_doc_view(const mw_doc_builder *b);

/** Set the root and make one block of its own; the builder may be reset or freed afterwards. */
mw_status mw_doc_finish(mw_doc_builder *b, mw_val root, mw_doc **out, mw_error *err);
/** The same into a sealed memfd, for workers. The caller closes @p fd. */
mw_status mw_doc_finish_memfd(mw_doc_builder *b, mw_val root, int *fd, mw_error *err);

/* ---- JSON ---- */

typedef struct mw_json_options {
    unsigned max_depth;  /**< 0 = 512 */
    bool allow_trailing; /**< stop after one value: *used tells where */
    bool exact;          /**< the text was written as MW_JSON_EXACT: give back the very same value */
} mw_json_options;

/**
 * Parse one JSON value and push it. Strict RFC 8259, plus NaN/Infinity only as strings. Integers
 * that fit 64 bits are INT, all other numbers REAL. Messages name line and column. A syntax error
 * (MW_ERR_PARSE) leaves the builder as it was: nothing is pushed and nothing sticks. @p text may be a
 * string of @p b itself. Raw bytes that are not UTF-8 and lone surrogates become U+FFFD.
 * @param options  May be NULL. @param[out] used  Bytes consumed; may be NULL.
 */
mw_status mw_json_read(mw_doc_builder *b, const char *text, size_t len, const mw_json_options *options, size_t *used,
                       mw_error *err);

typedef struct mw_buf mw_buf; /* base/buf.h */
typedef enum mw_json_style {
    MW_JSON_COMPACT = 0,
    MW_JSON_PRETTY = 1, /**< two spaces, `"key": value` */
    /**
     * Compact, and nothing is lost: read with `exact`, it gives a value of the same kinds. A member whose
     * name begins with `$` is written with one more `$`, so that {"$unknown": cause} and {"$real": "NaN"} can
     * only be ours; a REAL always shows that it is one (1000.0).
     */
    MW_JSON_EXACT = 2
} mw_json_style;

/**
 * Append canonical JSON: keys in byte order, shortest round-trip numbers, non-finite numbers as the
 * strings "NaN", "Infinity", "-Infinity". An UNKNOWN is written as {"$unknown": cause}. The same value gives
 * the same bytes, always; equal numbers too (REAL 1e3 is written 1000). MW_ERR_LIMIT beyond the buffer's
 * ceiling or 1024 levels; the failure is also remembered by @p out.
 */
mw_status mw_json_write(mw_buf *out, const mw_doc *d, mw_val v, mw_json_style style);
/** Append one JSON string with its quotes; control characters and U+2028/9 escaped. */
mw_status mw_json_write_string(mw_buf *out, const char *s, size_t len);

#ifdef __cplusplus
}
#endif
#endif
