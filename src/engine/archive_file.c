/*
 * The format of exports: lines of JSON and the packed frames between them. Each line is sealed: the seal is the SHA-256 of
 * the seal before it and the line, the lines have the SHA-256 of their frames, and the last line is the seal of all; so a
 * file that was cut, mixed or changed anywhere does not end. Relies on the caller to judge what is in a frame. Must
 * never trust a length: bytes are counted as they come.
 */
#include "engine/archive_file.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"
#include "moonward/doc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAGIC        "moonward-snapshot/"
#define LINE_MAX     ((size_t)64 << 10)
#define WINDOW       ((size_t)64 << 10)
#define STEP         ((size_t)256 << 10)
/* Of packed text: what cannot be compressed grows a little (ZSTD_compressBound). */
#define PACKED_MAX   (MW_ARCHIVE_TEXT_MAX + (MW_ARCHIVE_TEXT_MAX >> 8) + 64)
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for a snapshot");
}

/* @p line without its end. */
static mw_status seal_line(uint8_t seal[MW_SHA256_SIZE], const char *line, size_t len, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = LINE_MAX + 2 * MW_SHA256_SIZE};

    mw_buf_add(&text, seal, MW_SHA256_SIZE, NULL);
    mw_buf_add(&text, line, len, NULL);
    if (mw_buf_status(&text, err) != MW_OK)
        return text.failed;
    mw_sha256(seal, text.data, text.len);
    return MW_OK;
}

static void hash_text(char out[MW_ARCHIVE_DIGEST_SIZE], const void *data, size_t len)
{
    uint8_t sha[MW_SHA256_SIZE];

    mw_sha256(sha, data, len);
    mw_hex(out, sha, sizeof(sha));
}

/* ---- writing ---- */

/* What `line` holds, sealed; and its end. */
static mw_status write_line(mw_archive_writer *w, mw_error *err)
{
    mw_status st = mw_buf_status(&w->line, err);

    if (st == MW_OK && (st = seal_line(w->seal, w->line.data, w->line.len, err)) == MW_OK &&
        mw_buf_putc(&w->line, '\n') != MW_OK)
        st = mw_buf_status(&w->line, err);
    if (st == MW_OK)
        st = mw_fd_write_all(w->fd, w->name, w->line.data, w->line.len, err);
    mw_buf_reset(&w->line);
    return st;
}

mw_status mw_archive_write_head(mw_archive_writer *w, const mw_archive_head *head, mw_error *err)
{
    mw_status st;

    w->line.max = LINE_MAX;
    if (!(w->codec = mw_codec_new()))
        return no_memory(err);
    mw_buf_puts(&w->line, MAGIC "2");
    if ((st = write_line(w, err)) != MW_OK)
        return st;
    mw_buf_printf(&w->line, "{\"digest\":\"%s\",\"id\":\"%s\",\"parts\":%zu,\"taken_at\":\"%s\"}", head->digest,
                  head->id, head->parts, head->taken_at);
    return write_line(w, err);
}

mw_status mw_archive_write_frame(mw_archive_writer *w, const char *account, const char *digest, const mw_buf *text,
                                 mw_error *err)
{
    char sha256[MW_ARCHIVE_DIGEST_SIZE];
    const void *packed;
    size_t len;
    mw_status st;

    if (text->len > MW_ARCHIVE_TEXT_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "%s%s: more than %zu bytes of text", account ? "account " : "the snapshot",
                       account ? account : "", MW_ARCHIVE_TEXT_MAX);
    if ((st = mw_codec_pack(w->codec, 0, text->data, text->len, &packed, &len, err)) != MW_OK)
        return st;
    hash_text(sha256, packed, len);
    mw_buf_putc(&w->line, '{');
    if (account) {
        mw_buf_puts(&w->line, "\"account\":");
        mw_json_write_string(&w->line, account, strlen(account));
        mw_buf_putc(&w->line, ',');
    }
    mw_buf_printf(&w->line, "\"bytes\":%zu,", text->len);
    if (digest)
        mw_buf_printf(&w->line, "\"digest\":\"%s\",", digest);
    mw_buf_printf(&w->line, "\"packed\":%zu,\"sha256\":\"%s\"}", len, sha256);
    if ((st = write_line(w, err)) == MW_OK)
        st = mw_fd_write_all(w->fd, w->name, packed, len, err);
    return st;
}

mw_status mw_archive_write_end(mw_archive_writer *w, mw_error *err)
{
    char seal[MW_ARCHIVE_DIGEST_SIZE];

    mw_hex(seal, w->seal, sizeof(w->seal));
    mw_buf_printf(&w->line, "{\"seal\":\"%s\"}", seal);
    return write_line(w, err);
}

void mw_archive_writer_clear(mw_archive_writer *w)
{
    mw_codec_free(w->codec);
    mw_buf_clear(&w->line);
    *w = (mw_archive_writer){.fd = -1};
}

/* ---- reading: bytes ---- */

mw_status mw_archive_damaged(const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_PARSE, "import: this is no export of a snapshot, or it is damaged: %s", what);
}

/* At least one byte more in the window; *ended: there is none. */
static mw_status fill(mw_archive_reader *r, bool *ended, mw_error *err)
{
    ssize_t n = -1;

    *ended = false;
    if (r->at < r->end)
        return MW_OK;
    do {
        if (r->stop && *r->stop)
            return mw_fail(err, MW_ERR_CANCELLED, "stopped by a signal; nothing was stored");
        n = mw_sys.read_fn(mw_sys.ctx, r->fd, r->window, WINDOW);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return mw_fail(err, MW_ERR_IO, "cannot read %s: %s", r->name, strerror(errno));
    r->at = 0;
    r->end = (size_t)n;
    *ended = n == 0;
    return MW_OK;
}

/* Bytes up to @p len of them, or up to and with @p last (unless -1), appended to @p out. */
static mw_status take(mw_archive_reader *r, size_t len, int last, mw_buf *out, mw_error *err)
{
    bool ended, found = false;
    mw_status st;

    while (len > 0 && !found) {
        const char *from, *end;
        size_t n;
        if ((st = fill(r, &ended, err)) != MW_OK)
            return st;
        if (ended)
            return mw_archive_damaged("it ends too early", err);
        from = r->window + r->at;
        n = r->end - r->at < len ? r->end - r->at : len;
        if (last >= 0 && (end = memchr(from, last, n))) {
            n = (size_t)(end - from) + 1;
            found = true;
        }
        if ((st = mw_buf_add(out, from, n, err)) != MW_OK)
            return st;
        r->at += n;
        len -= n;
    }
    return last < 0 || found ? MW_OK : mw_archive_damaged("a line without end", err);
}

/* The next line, without its end, sealed. */
static mw_status take_line(mw_archive_reader *r, mw_error *err)
{
    mw_status st;

    mw_buf_reset(&r->line);
    if ((st = take(r, LINE_MAX, '\n', &r->line, err)) != MW_OK)
        return st;
    r->line.data[--r->line.len] = '\0';
    return seal_line(r->seal, r->line.data, r->line.len, err);
}

static bool made_of(const char *s, const char *alphabet)
{
    return s[0] && s[strspn(s, alphabet)] == '\0';
}

static bool is_hash(const char *s)
{
    return strlen(s) == 2 * MW_SHA256_SIZE && made_of(s, "0123456789abcdef");
}

/* ---- reading: lines ---- */

/* A member of a line as a text that fits; "" when it is none. */
static void copy_text(char *out, size_t size, const mw_doc *d, mw_val line, const char *member)
{
    size_t len = 0;
    const char *s = mw_val_str(d, mw_val_get(d, line, member), &len);

    out[0] = '\0';
    if (s && len < size && strlen(s) == len)
        memcpy(out, s, len + 1);
}

/* A length: 0 when it is none, or beyond @p max. */
static size_t length_of(const mw_doc *d, mw_val line, const char *member, size_t max)
{
    int64_t n = mw_val_get_int(d, line, member, 0);

    return n > 0 && (uint64_t)n <= max ? (size_t)n : 0;
}

static mw_status parse_line(const mw_archive_reader *r, mw_doc_builder **b, mw_val *line, mw_error *err)
{
    mw_status st = mw_doc_builder_new(NULL, b, err);

    if (st != MW_OK)
        return st;
    if ((st = mw_json_read(*b, r->line.data, r->line.len, NULL, NULL, err)) != MW_OK)
        return st == MW_ERR_NOMEM ? st : mw_archive_damaged("a line of it", err);
    *line = mw_doc_pop(*b);
    return MW_OK;
}

static mw_status parse_head(mw_archive_reader *r, const mw_doc *d, mw_val line, mw_error *err)
{
    mw_archive_head *h = &r->head;
    int64_t ns, parts = mw_val_get_int(d, line, "parts", -1);

    copy_text(h->id, sizeof(h->id), d, line, "id");
    copy_text(h->digest, sizeof(h->digest), d, line, "digest");
    copy_text(h->taken_at, sizeof(h->taken_at), d, line, "taken_at");
    if (!made_of(h->id, NAME_LETTERS) || !is_hash(h->digest) ||
        mw_time_parse(h->taken_at, strlen(h->taken_at), &ns, NULL) != MW_OK)
        return mw_archive_damaged("the names in its header", err);
    if (h->version == 1) {
        r->first_bytes = length_of(d, line, "bytes", MW_ARCHIVE_TEXT_MAX);
        r->first_packed = length_of(d, line, "packed", PACKED_MAX);
        copy_text(r->first_sha256, sizeof(r->first_sha256), d, line, "sha256");
    } else if (parts < 0 || parts > MW_ARCHIVE_PARTS_MAX) {
        return mw_archive_damaged("the number of its accounts", err);
    } else {
        h->parts = (size_t)parts;
    }
    return MW_OK;
}

mw_status mw_archive_read_head(mw_archive_reader *r, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_val line;
    mw_status st;

    if (r->text_max == 0)
        r->text_max = MW_ARCHIVE_TEXT_MAX;
    r->line.max = LINE_MAX + 1;
    r->packed.max = PACKED_MAX + STEP;
    r->text.max = r->text_max + STEP;
    r->window = mw_alloc(WINDOW);
    r->codec = mw_codec_new();
    if (!r->window || !r->codec)
        return no_memory(err);
    if ((st = take(r, sizeof(MAGIC) - 1, -1, &r->line, err)) != MW_OK)
        return st;
    if (memcmp(r->line.data, MAGIC, sizeof(MAGIC) - 1) != 0)
        return mw_archive_damaged("it does not begin as one", err);
    if ((st = take(r, 8, '\n', &r->line, err)) != MW_OK)
        return st;
    r->line.data[--r->line.len] = '\0';
    r->head.version = mw_str_eq(r->line.data, MAGIC "2") ? 2 : mw_str_eq(r->line.data, MAGIC "1") ? 1 : 0;
    if (!r->head.version)
        return mw_fail(err, MW_ERR_UNSUPPORTED,
                       "import: the file is of another version than this moonward knows (1, 2)");
    if ((st = seal_line(r->seal, r->line.data, r->line.len, err)) == MW_OK && (st = take_line(r, err)) == MW_OK &&
        (st = parse_line(r, &b, &line, err)) == MW_OK)
        st = parse_head(r, mw_doc_view(b), line, err);
    mw_doc_builder_free(b);
    return st;
}

/* ---- reading: frames ---- */

/* The bytes that follow, proven and unpacked into `text`. */
static mw_status take_frame(mw_archive_reader *r, size_t bytes, size_t packed, const char *sha256, mw_error *err)
{
    char hash[MW_ARCHIVE_DIGEST_SIZE];
    mw_status st;

    if (bytes == 0 || packed == 0)
        return mw_archive_damaged("its length", err);
    if (bytes > r->text_max)
        return mw_fail(err, MW_ERR_LIMIT, "import: more than %zu bytes of text", r->text_max);
    mw_buf_reset(&r->packed);
    mw_buf_reset(&r->text);
    if ((st = take(r, packed, -1, &r->packed, err)) != MW_OK)
        return st;
    hash_text(hash, r->packed.data, r->packed.len);
    if (!mw_str_eq(hash, sha256))
        return mw_archive_damaged("its SHA-256", err);
    st = mw_codec_inflate(r->codec, r->packed.data, r->packed.len, bytes, &r->text, err);
    return st == MW_ERR_PARSE ? mw_archive_damaged("it cannot be unpacked", err) : st;
}

/* Nothing follows. */
static mw_status take_end(mw_archive_reader *r, mw_error *err)
{
    bool ended;
    mw_status st = fill(r, &ended, err);

    r->frame = (mw_archive_frame){.text = NULL};
    return st != MW_OK || ended ? st : mw_archive_damaged("something follows its end", err);
}

static mw_status take_seal(mw_archive_reader *r, mw_error *err)
{
    char seal[MW_ARCHIVE_DIGEST_SIZE], expected[sizeof("{\"seal\":\"\"}") + MW_ARCHIVE_DIGEST_SIZE];
    mw_status st;

    mw_hex(seal, r->seal, sizeof(r->seal));
    snprintf(expected, sizeof(expected), "{\"seal\":\"%s\"}", seal);
    if ((st = take_line(r, err)) != MW_OK)
        return st;
    return mw_str_eq(r->line.data, expected) ? take_end(r, err) : mw_archive_damaged("its end", err);
}

/* A line of version 2 and its frame. */
static mw_status take_next(mw_archive_reader *r, mw_error *err)
{
    bool part = r->head.parts > 0 && r->frames > 0;
    char before[MW_ARCHIVE_ACCOUNT_SIZE], sha256[MW_ARCHIVE_DIGEST_SIZE];
    mw_doc_builder *b = NULL;
    const mw_doc *d;
    size_t bytes, packed;
    mw_val line;
    mw_status st;

    if ((st = take_line(r, err)) != MW_OK || (st = parse_line(r, &b, &line, err)) != MW_OK)
        goto out;
    d = mw_doc_view(b);
    memcpy(before, r->frame.account, sizeof(before));
    copy_text(r->frame.account, sizeof(r->frame.account), d, line, "account");
    copy_text(r->frame.digest, sizeof(r->frame.digest), d, line, "digest");
    copy_text(sha256, sizeof(sha256), d, line, "sha256");
    bytes = length_of(d, line, "bytes", MW_ARCHIVE_TEXT_MAX);
    packed = length_of(d, line, "packed", PACKED_MAX);
    if (part ? strcmp(before, r->frame.account) >= 0 || !made_of(r->frame.account, NAME_LETTERS) ||
                   !is_hash(r->frame.digest)
             : mw_val_get(d, line, "account") != MW_VAL_ABSENT)
        st = mw_archive_damaged("the names of its accounts", err);
    else
        st = take_frame(r, bytes, packed, sha256, err);
out:
    mw_doc_builder_free(b);
    return st;
}

mw_status mw_archive_read_frame(mw_archive_reader *r, mw_archive_frame *out, mw_error *err)
{
    size_t total = r->head.version == 1 ? 1 : 1 + (r->head.parts ? r->head.parts : 1);
    bool last = r->frames == total;
    mw_status st;

    if (last)
        st = r->head.version == 1 ? take_end(r, err) : take_seal(r, err);
    else
        st = r->head.version == 1 ? take_frame(r, r->first_bytes, r->first_packed, r->first_sha256, err)
                                  : take_next(r, err);
    if (st != MW_OK)
        return st;
    if (!last) {
        r->frames++;
        r->frame.text = r->text.data;
        r->frame.len = r->text.len;
    }
    *out = r->frame;
    return MW_OK;
}

void mw_archive_reader_clear(mw_archive_reader *r)
{
    mw_codec_free(r->codec);
    mw_buf_clear(&r->line);
    mw_buf_clear(&r->packed);
    mw_buf_clear(&r->text);
    mw_free(r->window);
    *r = (mw_archive_reader){.fd = -1};
}
