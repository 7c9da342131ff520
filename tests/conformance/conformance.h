/* moonward-conformance: the modes share one request and one reply. Test only, never installed. */
#ifndef MW_TESTS_CONFORMANCE_H
#define MW_TESTS_CONFORMANCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "moonward/model.h"

/** One request line and the reply being made. A mode adds members to the object that `out` has
 * open. */
typedef struct turn {
    const mw_doc *d;
    mw_val request;
    mw_doc_builder *out;
    const char *params; /* text of the request's `params` */
    size_t params_len;
    mw_arena arena;
} turn;

mw_status mode_input(turn *t, mw_error *err);
mw_status mode_output(turn *t, mw_error *err);
mw_status mode_endpoint_load(turn *t, mw_error *err);
mw_status mode_endpoint(turn *t, mw_error *err);
mw_status mode_sigv4(turn *t, mw_error *err);
mw_status mode_jmespath(turn *t, mw_error *err);
/** Appends the value as JSON text: its integers may not fit a document. */
mw_status mode_cbor(turn *t, mw_buf *value, mw_error *err);

/** Bytes of a base64 member, appended. */
mw_status read_base64(turn *t, mw_val object, const char *key, mw_buf *out, mw_error *err);
void endpoint_rules_clear(void);

#endif
