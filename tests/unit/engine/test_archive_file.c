/* Exports as files: what was written is what is read, whatever is wrong with one is told, and no length is believed. */
#include "support/support.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "engine/archive_file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD                                                                                                           \
    {                                                                                                                  \
        .id = "01ARZ3NDEKTSV4RRFFQ69G5FAV", .taken_at = "2026-01-02T03:04:05Z", .digest = DIGEST                       \
    }

static const char *const texts[] = {"{\"known\":1}", "{\"first\":[1,2,3]}", "{\"second\":\"\\u0000\"}"};
static const char *const accounts[] = {NULL, "111111111111", "222222222222"};

/* Magic, header, a frame of what is known, then accounts or, with none, all in one; @p end: whole. */
static void write_file(int fd, size_t parts, bool end)
{
    MW_AUTO(mw_archive_writer) w = {.fd = fd, .name = "memory"};
    mw_archive_head head = HEAD;
    mw_error err = {0};

    head.parts = parts;
    assert_ok(mw_archive_write_head(&w, &head, &err));
    for (size_t i = 0; i <= (parts ? parts : 1); i++) {
        mw_buf text = {.data = (char *)(uintptr_t)texts[i], .len = strlen(texts[i])};
        assert_ok(mw_archive_write_frame(&w, parts ? accounts[i] : NULL, parts && i ? DIGEST : NULL, &text, &err));
    }
    if (end)
        assert_ok(mw_archive_write_end(&w, &err));
}

static void made(mw_buf *out, size_t parts)
{
    int fd = memfd_create("export", MFD_CLOEXEC);
    mw_error err = {0};

    write_file(fd, parts, true);
    lseek(fd, 0, SEEK_SET);
    assert_ok(mw_fd_read_all(fd, "memory", out, &err));
    close(fd);
}

/* To the end, or to what is wrong; the texts of all frames in @p said, "account=text;". */
static mw_status read_bytes(const char *data, size_t len, size_t text_max, mw_buf *said, mw_error *err)
{
    int fd = memfd_create("export", MFD_CLOEXEC);
    mw_archive_reader r = {.fd = fd, .name = "memory", .text_max = text_max};
    mw_archive_frame f = {.text = ""};
    mw_status st;

    if (len && pwrite(fd, data, len, 0) != (ssize_t)len)
        fail();
    st = mw_archive_read_head(&r, err);
    while (st == MW_OK && f.text)
        if ((st = mw_archive_read_frame(&r, &f, err)) == MW_OK && f.text && said) {
            assert_int_equal(strlen(f.text), f.len);
            mw_buf_join(said, f.account, "=", f.text, ";", NULL);
        }
    mw_archive_reader_clear(&r);
    close(fd);
    return st;
}

static void test_round_trip(void **state)
{
#define FIRST_PART "={\"known\":1};111111111111={\"first\":[1,2,3]};"
    static const char *const expected[] = {"={\"known\":1};={\"first\":[1,2,3]};", FIRST_PART,
                                           FIRST_PART "222222222222={\"second\":\"\\u0000\"};"};
#undef FIRST_PART
    (void)state;
    for (size_t parts = 0; parts < MW_COUNT(expected); parts++) {
        MW_AUTO(mw_buf) file = {0};
        MW_AUTO(mw_buf) said = {0};
        mw_error err = {0};
        made(&file, parts);
        assert_ok(read_bytes(file.data, file.len, 0, &said, &err));
        assert_string_equal(said.data, expected[parts]);
    }
}

/* A read that gives a byte at a time, and is interrupted before each. */
static bool interrupted;
static ssize_t slow_read(void *ctx, int fd, void *out, size_t size)
{
    (void)ctx;
    interrupted = !interrupted;
    if (interrupted) {
        errno = EINTR;
        return -1;
    }
    return read(fd, out, size ? 1 : 0);
}

static void test_slow(void **state)
{
    MW_AUTO(mw_buf) file = {0};
    MW_AUTO(mw_buf) said = {0};
    mw_error err = {0};

    (void)state;
    made(&file, 2);
    mw_sys.read_fn = slow_read;
    assert_ok(read_bytes(file.data, file.len, 0, &said, &err));
    mw_sys_reset();
    assert_non_null(strstr(said.data, "222222222222="));
}

static void test_stop(void **state)
{
    static const volatile bool stop = true;
    mw_archive_reader r = {.fd = -1, .name = "memory", .stop = &stop};
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_archive_read_head(&r, &err), MW_ERR_CANCELLED);
    mw_archive_reader_clear(&r);
}

/* Cut anywhere, a bit changed anywhere, a byte more: never whole. */
static void test_damage(void **state)
{
    (void)state;
    for (size_t parts = 0; parts <= 2; parts++) {
        MW_AUTO(mw_buf) file = {0};
        mw_error err = {0};
        made(&file, parts);
        for (size_t i = 0; i < file.len; i++)
            assert_int_equal(read_bytes(file.data, i, 0, NULL, &err), MW_ERR_PARSE);
        for (size_t i = 0; i < 8 * file.len; i++) {
            mw_status st;
            file.data[i / 8] = (char)(file.data[i / 8] ^ (1 << i % 8));
            st = read_bytes(file.data, file.len, 0, NULL, &err);
            if (st != MW_ERR_PARSE && st != MW_ERR_UNSUPPORTED)
                fail_msg("bit %zu: %s", i, mw_status_name(st));
            file.data[i / 8] = (char)(file.data[i / 8] ^ (1 << i % 8));
        }
        mw_buf_putc(&file, '\n');
        assert_int_equal(read_bytes(file.data, file.len, 0, NULL, &err), MW_ERR_PARSE);
    }
}

/* ---- what a forger writes, who can seal ---- */

static void add_line(mw_buf *out, uint8_t seal[MW_SHA256_SIZE], const char *line)
{
    MW_AUTO(mw_buf) text = {0};

    mw_buf_add(&text, seal, MW_SHA256_SIZE, NULL);
    mw_buf_puts(&text, line);
    mw_sha256(seal, text.data, text.len);
    mw_buf_join(out, line, "\n", NULL);
}

struct forged {
    const char *name, *head, *frame; /* %s in the frame: the SHA-256 of the body */
    const char *body;
    size_t body_len;
    mw_status expected;
    const char *says;
};

/* A zstd frame (RFC 8878): a window of 1 << 27 bytes; a raw block "hi"; two frames; a run of 64 KiB of 'a', and a run without end. */
#define WIDE       "\x28\xb5\x2f\xfd\x00\x88\x11\x00\x00hi"
#define HI         "\x28\xb5\x2f\xfd\x00\x58\x11\x00\x00hi"
#define RUN        "\x28\xb5\x2f\xfd\x00\x58\x03\x00\x08\x61"
#define OPEN       "\x28\xb5\x2f\xfd\x00\x58\x02\x00\x08\x61"
#define ID         "\"id\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"taken_at\":\"2026-01-02T03:04:05Z\""
#define H2         "{\"digest\":\"" DIGEST "\"," ID ",\"parts\":1}"
#define BODY(text) text, sizeof(text) - 1

static const struct forged forgeries[] = {
    {"sound, but nothing follows", H2, "{\"bytes\":2,\"packed\":11,\"sha256\":\"%s\"}", BODY(HI), MW_ERR_PARSE,
     "early"},
    {"an account where none belongs", H2, "{\"account\":\"1\",\"bytes\":2,\"packed\":11,\"sha256\":\"%s\"}", BODY(HI),
     MW_ERR_PARSE, "accounts"},
    {"a wide window", H2, "{\"bytes\":2,\"packed\":11,\"sha256\":\"%s\"}", BODY(WIDE), MW_ERR_PARSE, "unpacked"},
    {"two frames", H2, "{\"bytes\":4,\"packed\":22,\"sha256\":\"%s\"}", BODY(HI HI), MW_ERR_PARSE, "unpacked"},
    {"longer than it says", H2, "{\"bytes\":1,\"packed\":11,\"sha256\":\"%s\"}", BODY(HI), MW_ERR_PARSE, "unpacked"},
    {"shorter than it says", H2, "{\"bytes\":3,\"packed\":11,\"sha256\":\"%s\"}", BODY(HI), MW_ERR_PARSE, "unpacked"},
    {"a gigabyte, it says", H2, "{\"bytes\":1073741824,\"packed\":11,\"sha256\":\"%s\"}", BODY(HI), MW_ERR_PARSE,
     "unpacked"},
    {"a gigabyte packed, it says", H2, "{\"bytes\":2,\"packed\":1073741824,\"sha256\":\"%s\"}", BODY(HI), MW_ERR_PARSE,
     "early"},
    {"a run that is longer", H2, "{\"bytes\":2,\"packed\":10,\"sha256\":\"%s\"}", BODY(RUN), MW_ERR_PARSE, "unpacked"},
    {"a run without end", H2, "{\"bytes\":65536,\"packed\":10,\"sha256\":\"%s\"}", BODY(OPEN), MW_ERR_PARSE,
     "unpacked"},
    {"no zstd", H2, "{\"bytes\":2,\"packed\":4,\"sha256\":\"%s\"}", BODY("junk"), MW_ERR_PARSE, "unpacked"},
    {"nothing", H2, "{\"bytes\":0,\"packed\":0,\"sha256\":\"%s\"}", BODY(""), MW_ERR_PARSE, "length"},
    {"less than nothing", H2, "{\"bytes\":-1,\"packed\":11,\"sha256\":\"%s\"}", BODY(HI), MW_ERR_PARSE, "length"},
    {"more than a frame", H2, "{\"bytes\":1073741825,\"packed\":11,\"sha256\":\"%s\"}", BODY(HI), MW_ERR_PARSE,
     "length"},
    {"no number", H2, "{\"bytes\":\"2\",\"packed\":11,\"sha256\":\"%s\"}", BODY(HI), MW_ERR_PARSE, "length"},
    {"another hash", H2, "{\"bytes\":2,\"packed\":11,\"sha256\":\"" DIGEST "\"}", BODY(HI), MW_ERR_PARSE, "SHA-256"},
    {"no JSON", H2, "{\"bytes\":2,", BODY(HI), MW_ERR_PARSE, "a line"},
    {"no object", H2, "[]", BODY(HI), MW_ERR_PARSE, "length"},
    {"too many accounts", "{\"digest\":\"" DIGEST "\"," ID ",\"parts\":100001}", "", BODY(""), MW_ERR_PARSE, "number"},
    {"fewer than none", "{\"digest\":\"" DIGEST "\"," ID ",\"parts\":-1}", "", BODY(""), MW_ERR_PARSE, "number"},
    {"no number of accounts", "{\"digest\":\"" DIGEST "\"," ID "}", "", BODY(""), MW_ERR_PARSE, "number"},
    {"no digest", "{" ID ",\"parts\":1}", "", BODY(""), MW_ERR_PARSE, "names"},
    {"a path for an id",
     "{\"digest\":\"" DIGEST "\",\"id\":\"../x\",\"taken_at\":\"2026-01-02T03:04:05Z\",\"parts\":1}", "", BODY(""),
     MW_ERR_PARSE, "names"},
    {"no time", "{\"digest\":\"" DIGEST "\",\"id\":\"x\",\"taken_at\":\"soon\",\"parts\":1}", "", BODY(""),
     MW_ERR_PARSE, "names"},
};

static size_t largest;
static void *measuring(void *ctx, void *old, size_t size)
{
    (void)ctx;
    largest = size > largest ? size : largest;
    if (size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, size);
}

static void test_forged(void **state)
{
    (void)state;
    for (size_t i = 0; i < MW_COUNT(forgeries); i++) {
        const struct forged *f = &forgeries[i];
        MW_AUTO(mw_buf) file = {0};
        uint8_t seal[MW_SHA256_SIZE] = {0}, sha[MW_SHA256_SIZE];
        char hex[2 * MW_SHA256_SIZE + 1], line[512];
        const char *hole = strstr(f->frame, "%s");
        mw_error err = {0};
        mw_status st;

        mw_sha256(sha, f->body, f->body_len);
        mw_hex(hex, sha, sizeof(sha));
        snprintf(line, sizeof(line), "%.*s%s%s", hole ? (int)(hole - f->frame) : (int)strlen(f->frame), f->frame,
                 hole ? hex : "", hole ? hole + 2 : "");
        add_line(&file, seal, "moonward-snapshot/2");
        add_line(&file, seal, f->head);
        if (line[0])
            add_line(&file, seal, line);
        mw_buf_add(&file, f->body, f->body_len, NULL);
        largest = 0;
        mw_sys.realloc_fn = measuring;
        st = read_bytes(file.data, file.len, 0, NULL, &err);
        mw_sys_reset();
        if (st != f->expected || !strstr(err.message, f->says))
            fail_msg("%s: %s: %s", f->name, mw_status_name(st), err.message);
        if (largest > (size_t)4 << 20)
            fail_msg("%s: %zu bytes were allocated at once", f->name, largest);
    }
}

/* Accounts must come in order, each once, and as many as the header says. */
static void test_accounts(void **state)
{
    static const struct {
        const char *first, *second;
        bool sound;
    } rows[] = {{"1", "2", true}, {"2", "1", false}, {"1", "1", false}, {"1", "", false}, {"1", "2 x", false}};
    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        int fd = memfd_create("export", MFD_CLOEXEC);
        MW_AUTO(mw_archive_writer) w = {.fd = fd, .name = "memory"};
        MW_AUTO(mw_buf) file = {0};
        mw_buf text = {.data = (char *)(uintptr_t) "{}", .len = 2};
        mw_archive_head head = HEAD;
        mw_error err = {0};
        mw_status st;

        head.parts = 2;
        assert_ok(mw_archive_write_head(&w, &head, &err));
        assert_ok(mw_archive_write_frame(&w, NULL, NULL, &text, &err));
        assert_ok(mw_archive_write_frame(&w, rows[i].first, DIGEST, &text, &err));
        assert_ok(mw_archive_write_frame(&w, rows[i].second, DIGEST, &text, &err));
        assert_ok(mw_archive_write_end(&w, &err));
        lseek(fd, 0, SEEK_SET);
        assert_ok(mw_fd_read_all(fd, "memory", &file, &err));
        st = read_bytes(file.data, file.len, 0, NULL, &err);
        if (st != (rows[i].sound ? MW_OK : MW_ERR_PARSE))
            fail_msg("'%s' after '%s': %s", rows[i].second, rows[i].first, mw_status_name(st));
        close(fd);
    }
}

/* Of version 1: header and frame in one line, and no end. */
static void test_version_1(void **state)
{
    MW_AUTO(mw_buf) file = {0};
    MW_AUTO(mw_buf) said = {0};
    uint8_t sha[MW_SHA256_SIZE];
    char hex[2 * MW_SHA256_SIZE + 1];
    mw_error err = {0};

    (void)state;
    mw_sha256(sha, HI, sizeof(HI) - 1);
    mw_hex(hex, sha, sizeof(sha));
    mw_buf_printf(
        &file, "moonward-snapshot/1\n{\"bytes\":2,\"digest\":\"" DIGEST "\"," ID ",\"packed\":%zu,\"sha256\":\"%s\"}\n",
        sizeof(HI) - 1, hex);
    mw_buf_add(&file, HI, sizeof(HI) - 1, NULL);
    assert_ok(read_bytes(file.data, file.len, 0, &said, &err));
    assert_string_equal(said.data, "=hi;");
    mw_buf_putc(&file, 'x');
    assert_int_equal(read_bytes(file.data, file.len, 0, NULL, &err), MW_ERR_PARSE);
    assert_int_equal(read_bytes(file.data, file.len - 2, 0, NULL, &err), MW_ERR_PARSE);
    assert_int_equal(read_bytes("moonward-snapshot/3\n", 20, 0, NULL, &err), MW_ERR_UNSUPPORTED);
}

static void test_ceiling(void **state)
{
    MW_AUTO(mw_buf) file = {0};
    mw_error err = {0};

    (void)state;
    made(&file, 2);
    assert_int_equal(read_bytes(file.data, file.len, 8, NULL, &err), MW_ERR_LIMIT);
}

/* Allocation after allocation refused: told as such, nothing leaks. */
static void test_no_memory(void **state)
{
    MW_AUTO(mw_buf) file = {0};
    mw_error err = {0};
    mw_status st = MW_ERR_NOMEM;

    (void)state;
    made(&file, 2);
    for (long n = 1; st == MW_ERR_NOMEM; n++) {
        struct failing_alloc f = {.fail_at = n};
        mw_sys.ctx = &f;
        mw_sys.realloc_fn = failing_realloc;
        st = read_bytes(file.data, file.len, 0, NULL, &err);
        mw_sys_reset();
        assert_true(n < 1000);
    }
    assert_ok(st);
}

static void test_write_fails(void **state)
{
    MW_AUTO(mw_archive_writer) w = {.name = "closed"};
    mw_archive_head head = HEAD;
    mw_error err = {0};
    int ends[2];

    (void)state;
    if (pipe(ends) != 0)
        fail();
    close(ends[1]);
    w.fd = ends[0]; /* only for reading */
    assert_int_equal(mw_archive_write_head(&w, &head, &err), MW_ERR_IO);
    assert_non_null(strstr(err.message, "closed"));
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_slow),
                                       cmocka_unit_test(test_stop),       cmocka_unit_test(test_damage),
                                       cmocka_unit_test(test_forged),     cmocka_unit_test(test_accounts),
                                       cmocka_unit_test(test_version_1),  cmocka_unit_test(test_ceiling),
                                       cmocka_unit_test(test_no_memory),  cmocka_unit_test(test_write_fails)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
