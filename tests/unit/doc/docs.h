/* Documents for tests, from JSON text and back. */
#ifndef MW_TESTS_DOCS_H
#define MW_TESTS_DOCS_H

#include "support/support.h"

#include "base/buf.h"
#include "base/mem.h"
#include "moonward/doc.h"

static inline mw_doc_builder *builder_new(bool share)
{
    mw_doc_builder *b = NULL;
    mw_doc_options options = {.share = share};
    mw_error err = {0};

    assert_ok(mw_doc_builder_new(&options, &b, &err));
    return b;
}

/* Read JSON into @p b and take the value. {"$unknown": …} anywhere stays an object. */
static inline mw_val read_json(mw_doc_builder *b, const char *json)
{
    mw_error err = {0};

    assert_ok(mw_json_read(b, json, strlen(json), NULL, NULL, &err));
    return mw_doc_pop(b);
}

static inline mw_doc *doc_of(const char *json, bool share)
{
    mw_doc_builder *b = builder_new(share);
    mw_doc *d = NULL;
    mw_error err = {0};

    assert_ok(mw_doc_finish(b, read_json(b, json), &d, &err));
    mw_doc_builder_free(b);
    return d;
}

static inline void assert_json(const mw_doc *d, mw_val v, const char *expected)
{
    mw_buf out = {0};

    assert_int_equal(mw_json_write(&out, d, v, MW_JSON_COMPACT), MW_OK);
    assert_string_equal(out.data, expected);
    mw_buf_clear(&out);
}

#endif
