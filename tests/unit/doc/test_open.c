/* Opening: what we made opens, from memory and from a sealed memfd; everything else is refused. */
#include "docs.h"

#include "doc/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static const char text[] =
    "{\"list\":[1,2.5,123456789012,\"a\",null,true,{\"x\":1}],\"wide\":{\"a\":1,\"b\":2,\"c\":3,\"d\":4,"
    "\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10}}";

static mw_doc *sample(void)
{
    mw_doc_builder *b = builder_new(true);
    mw_error err = {0};
    mw_doc *d;

    mw_doc_begin_array(b);
    assert_ok(mw_json_read(b, text, strlen(text), NULL, NULL, &err));
    mw_doc_add_unknown_cause(b, "s3:GetBucketAcl", "AccessDenied", "no");
    mw_doc_end_array(b);
    assert_ok(mw_doc_finish(b, mw_doc_pop(b), &d, &err));
    mw_doc_builder_free(b);
    return d;
}

/* Read all that a value leads to: under ASan this is the proof that what was accepted is safe. */
static size_t walk(const mw_doc *d, mw_val v, size_t budget)
{
    size_t i, n = mw_val_len(d, v), len;
    mw_val key;

    if (!budget--)
        return 0;
    switch (mw_val_kind(d, v)) {
    case MW_KIND_STRING: assert_int_equal(mw_val_str(d, v, &len)[len], '\0'); break;
    case MW_KIND_REAL: (void)mw_val_real(d, v); break;
    case MW_KIND_INT: (void)mw_val_int(d, v); break;
    case MW_KIND_UNKNOWN: return walk(d, mw_val_cause(d, v), budget);
    case MW_KIND_ARRAY:
        for (i = 0; i < n; i++)
            budget = walk(d, mw_val_at(d, v, i), budget);
        break;
    case MW_KIND_OBJECT:
        for (i = 0; i < n; i++) {
            mw_val member = mw_val_member(d, v, i, &key);
            const char *name = mw_val_str(d, key, &len);

            assert_int_equal(mw_val_getn(d, v, name, len), member);
            budget = walk(d, member, budget);
        }
        break;
    default: break;
    }
    return budget;
}

static void finished_documents_open(void **state)
{
    static const char *const rows[] = {"null", "0", "\"\"", "[]", "{}", "[[],{}]", text};
    mw_error err = {0};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_doc *d = doc_of(rows[i], i % 2), *again, *trusted;

        assert_ok(mw_doc_open(mw_doc_bytes(d), mw_doc_size(d), &again, &err));
        assert_true(mw_val_equal(d, mw_doc_root(d), again, mw_doc_root(again)));
        assert_ok(mw_doc_open_trusted(mw_doc_bytes(d), mw_doc_size(d), &trusted, &err));
        assert_int_equal(mw_doc_root(trusted), mw_doc_root(d));
        assert_ptr_equal(mw_doc_bytes(trusted), mw_doc_bytes(d));
        mw_doc_free(again);
        mw_doc_free(trusted);
        mw_doc_free(d);
    }
    mw_doc_free(NULL);
}

static void a_memfd_is_sealed_and_maps(void **state)
{
    mw_doc_builder *b = builder_new(false);
    mw_error err = {0};
    mw_doc *d, *heap = doc_of(text, false);
    int fd;

    (void)state;
    assert_ok(mw_doc_finish_memfd(b, read_json(b, text), &fd, &err));
    mw_doc_builder_free(b);
    assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 8), -1);
    assert_ptr_equal(mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    assert_ok(mw_doc_map(fd, &d, &err));
    close(fd);
    assert_int_equal(mw_doc_size(d), mw_doc_size(heap));
    assert_memory_equal(mw_doc_bytes(d), mw_doc_bytes(heap), mw_doc_size(d));
    walk(d, mw_doc_root(d), 1000);
    mw_doc_free(d);
    mw_doc_free(heap);
    assert_int_equal(mw_doc_map(-1, &d, &err), MW_ERR_IO);
}

static void every_cut_is_refused(void **state)
{
    mw_doc *d = sample(), *out;
    mw_error err = {0};

    (void)state;
    for (size_t n = 0; n < mw_doc_size(d); n++) {
        char *cut = malloc(n ? n : 1); /* of exactly that size, so that ASan sees one byte more */

        memcpy(cut, mw_doc_bytes(d), n);
        assert_int_equal(mw_doc_open(cut, n, &out, &err), MW_ERR_PARSE);
        assert_null(out);
        assert_int_equal(mw_doc_open_trusted(cut, n, &out, &err), MW_ERR_PARSE);
        free(cut);
    }
    mw_doc_free(d);
}

static void every_damaged_byte_is_refused_or_harmless(void **state)
{
    static const uint8_t masks[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF};
    mw_doc *d = sample(), *out;
    mw_error err = {0};
    size_t size = mw_doc_size(d), refused = 0, accepted = 0;
    uint8_t *bytes = malloc(size);

    (void)state;
    memcpy(bytes, mw_doc_bytes(d), size);
    for (size_t i = 0; i < size; i++) {
        for (size_t m = 0; m < sizeof masks; m++) {
            bytes[i] ^= masks[m];
            if (mw_doc_open(bytes, size, &out, &err) == MW_OK) {
                walk(out, mw_doc_root(out), 1000);
                mw_doc_free(out);
                accepted++; /* a number, a letter or a small integer became another */
            } else {
                assert_int_equal(err.status, MW_ERR_PARSE);
                refused++;
            }
            bytes[i] ^= masks[m];
        }
    }
    assert_true(refused > accepted);
    free(bytes);
    mw_doc_free(d);
}

/* Each row breaks one promise of the layout, in 32-bit words of the sample's sections. */
static void each_broken_promise_is_named(void **state)
{
    enum section { HEADER, WORDS, OFFSETS, SLOTS, SHAPES, TEXT };
    static const struct {
        const char *what;
        enum section section;
        size_t at;
        uint32_t value;
        const char *message;
    } rows[] = {
        {"magic", HEADER, 0, 0x41414141, "mark"},
        {"version", HEADER, 2, 99, "version 99, expected 1"},
        {"byte order", HEADER, 3, 0x04030201, "byte order"},
        {"hash function", HEADER, 4, 1, "hash function"},
        {"count of words", HEADER, 7, 0xFFFFFFFF, "count"},
        {"root beyond", HEADER, 5, 5 | 0xFFFFF8, "root"},
        {"root inside of a block", HEADER, 5, 5 | 1 << 3, "root"},
        {"absent root", HEADER, 5, 0, "root"},
        {"block kind", WORDS, 0, 3, "kind"},
        {"block too long", WORDS, 0, 1000 << 3, "beyond"},
        {"object without shape", WORDS, 0, 1000 << 3 | 1, "shape"},
        {"value is absent", WORDS, 1, 0, "out of range"},
        {"value refers forward", WORDS, 1, 40 << 3 | 5, "out of range"},
        {"value refers to itself", WORDS, 1, 0 << 3 | 6, "out of range"},
        {"string beyond", WORDS, 1, 10000 << 3 | 4, "out of range"},
        {"number beyond", WORDS, 1, 10000 << 3 | 2, "out of range"},
        {"hidden flag", WORDS, 0, 1 | 4, "unknown"},
        {"first offset", OFFSETS, 0, 1, "text"},
        {"offsets fall", OFFSETS, 2, 0, "order"},
        {"offset beyond", OFFSETS, 1, 0xFFFFFFF0, "order"},
        {"slot beyond", SLOTS, 0, 5000, "string table"},
        {"slot without atom", SLOTS, 0, 1u << 29, "string table"},
        {"shape too long", SHAPES, 0, 5000, "beyond"},
        {"shape of no atom", SHAPES, 1, 5000, "key"},
        {"text without NUL", TEXT, 1, 0x61616161, "NUL"},
    };
    mw_doc *d = sample();
    size_t size = mw_doc_size(d);
    uint8_t *bytes = malloc(size);

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const void *const starts[] = {mw_doc_bytes(d), d->words, d->offsets, d->slots, d->shapes, d->text};
        size_t at = (size_t)((const char *)starts[rows[i].section] - (const char *)mw_doc_bytes(d));
        mw_error err = {0};
        mw_doc *out;

        memcpy(bytes, mw_doc_bytes(d), size);
        memcpy(bytes + at + 4 * rows[i].at, &rows[i].value, 4);
        if (mw_doc_open(bytes, size, &out, &err) != MW_ERR_PARSE)
            fail_msg("%s: accepted", rows[i].what);
        if (!strstr(err.message, rows[i].message))
            fail_msg("%s: %s", rows[i].what, err.message);
    }
    free(bytes);
    mw_doc_free(d);
}

static void an_odd_address_is_refused(void **state)
{
    mw_doc *d = sample(), *out;
    mw_error err = {0};
    char *bytes = malloc(mw_doc_size(d) + 8);

    (void)state;
    memcpy(bytes + 4, mw_doc_bytes(d), mw_doc_size(d));
    assert_int_equal(mw_doc_open(bytes + 4, mw_doc_size(d), &out, &err), MW_ERR_INVALID);
    free(bytes);
    mw_doc_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finished_documents_open),      cmocka_unit_test(a_memfd_is_sealed_and_maps),
        cmocka_unit_test(every_cut_is_refused),         cmocka_unit_test(every_damaged_byte_is_refused_or_harmless),
        cmocka_unit_test(each_broken_promise_is_named), cmocka_unit_test(an_odd_address_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
