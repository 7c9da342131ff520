/* Snapshots for tests, written as JSON; {"$unknown": cause} stands for an unknown value. */
#ifndef MW_TESTS_SNAPSHOT_H
#define MW_TESTS_SNAPSHOT_H

#include "base/mem.h"
#include "moonward/doc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static inline void test_add(mw_doc_builder *b, const mw_doc *d, mw_val v)
{
    mw_kind kind = mw_val_kind(d, v);
    mw_val cause = kind == MW_KIND_OBJECT ? mw_val_get(d, v, "$unknown") : MW_VAL_ABSENT;

    if (cause != MW_VAL_ABSENT) {
        mw_doc_add_copy(b, d, cause);
        mw_doc_add_unknown(b);
    } else if (kind == MW_KIND_ARRAY) {
        mw_doc_begin_array(b);
        for (size_t i = 0; i < mw_val_len(d, v); i++)
            test_add(b, d, mw_val_at(d, v, i));
        mw_doc_end_array(b);
    } else if (kind == MW_KIND_OBJECT) {
        mw_doc_begin_object(b);
        for (size_t i = 0; i < mw_val_len(d, v); i++) {
            mw_val key, value = mw_val_member(d, v, i, &key);
            size_t len;
            const char *name = mw_val_str(d, key, &len);
            mw_doc_key(b, name, len);
            test_add(b, d, value);
        }
        mw_doc_end_object(b);
    } else {
        mw_doc_add_copy(b, d, v);
    }
}

/* A finished builder's value of JSON text; the caller finishes or frees the builder. */
static inline mw_val test_value(const char *json, mw_doc_builder **b)
{
    mw_error err = {0};
    mw_doc_builder *plain;
    mw_val v;

    assert_int_equal(mw_doc_builder_new(NULL, &plain, NULL), MW_OK);
    assert_int_equal(mw_doc_builder_new(NULL, b, NULL), MW_OK);
    if (mw_json_read(plain, json, strlen(json), NULL, NULL, &err) != MW_OK)
        fail_msg("%s", err.message);
    test_add(*b, mw_doc_view(plain), mw_doc_pop(plain));
    v = mw_doc_pop(*b);
    mw_doc_builder_free(plain);
    return v;
}

static inline mw_doc *test_doc(const char *json)
{
    mw_doc_builder *b;
    mw_val v = test_value(json, &b);
    mw_doc *d;

    assert_int_equal(mw_doc_finish(b, v, &d, NULL), MW_OK);
    mw_doc_builder_free(b);
    return d;
}

static inline int test_memfd(const char *json)
{
    mw_doc_builder *b;
    mw_val v = test_value(json, &b);
    int fd = -1;

    assert_int_equal(mw_doc_finish_memfd(b, v, &fd, NULL), MW_OK);
    mw_doc_builder_free(b);
    return fd;
}

#endif
