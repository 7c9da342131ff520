/* Includes that every cmocka program needs, in the order that cmocka wants, and shared helpers. */
#ifndef MW_TESTS_SUPPORT_H
#define MW_TESTS_SUPPORT_H

/* clang-format off: cmocka.h relies on these coming first. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/sys.h"
#include "moonward/status.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/** assert that a call gave MW_OK, printing the error's message when it did not. */
#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        mw_status assert_ok_status = (call);                                                                           \
        if (assert_ok_status != MW_OK)                                                                                 \
            fail_msg("%s: %s: %s", #call, mw_status_name(assert_ok_status), err.message);                              \
    } while (0)

/** End the test as skipped and say why; scripts/dev/test repeats such lines at its end. */
#define skip_because(...)                                                                                              \
    do {                                                                                                               \
        print_message("skipped: " __VA_ARGS__);                                                                        \
        print_message("\n");                                                                                           \
        skip();                                                                                                        \
    } while (0)

/** Allocation number `fail_at` (1-based, 0 = none) is refused; `mw_sys` must be reset afterwards. */
struct failing_alloc {
    long count, fail_at;
    bool persistent; /* each later one too */
};

static inline void *failing_realloc(void *ctx, void *old, size_t size)
{
    struct failing_alloc *f = ctx;

    if (size == 0) {
        free(old);
        return NULL;
    }
    f->count++;
    if (f->fail_at && (f->count == f->fail_at || (f->persistent && f->count > f->fail_at)))
        return NULL;
    return realloc(old, size);
}

#endif
