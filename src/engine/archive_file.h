/*
 * A snapshot as a file (docs/internals/store.md): one frame for what is known of it, one for each account, and an end that
 * proves that nothing is missing. Written and read from the beginning to the end, so a pipe will do. One frame is in memory
 * at a time. What is read is a stranger's: nothing is allocated because a length claims it, and nothing is unpacked
 * before its SHA-256 was compared.
 */
#ifndef MW_ENGINE_ARCHIVE_FILE_H
#define MW_ENGINE_ARCHIVE_FILE_H

#include "base/hash.h"
#include "base/time.h"
#include "store/codec.h"
#include "store/store.h"

/** Ceilings of a file: text of one frame, unpacked; accounts; the name of one. */
#define MW_ARCHIVE_TEXT_MAX     ((size_t)1 << 30)
#define MW_ARCHIVE_PARTS_MAX    100000
#define MW_ARCHIVE_ACCOUNT_SIZE 65

#define MW_ARCHIVE_DIGEST_SIZE (2 * MW_SHA256_SIZE + 1)

typedef struct mw_archive_head {
    int version;                   /* that is read, 1 or 2; always 2 when it is written */
    char id[MW_STORE_HOLDER_SIZE]; /* letters, digits, '.', '_', '-'; accounts too */
    char taken_at[MW_TIME_SIZE];   /* ISO 8601 */
    char digest[MW_ARCHIVE_DIGEST_SIZE];
    size_t parts; /* accounts, each a frame of its own; 0: the snapshot is in one piece */
} mw_archive_head;

/* ---- writing ---- */

/** `MW_AUTO(mw_archive_writer) w = {.fd = …, .name = …};` both are the caller's. */
typedef struct mw_archive_writer {
    int fd;
    const char *name; /* of the file, for messages */
    mw_codec *codec;
    mw_buf line;
    uint8_t seal[MW_SHA256_SIZE];
} mw_archive_writer;

mw_status mw_archive_write_head(mw_archive_writer *w, const mw_archive_head *head, mw_error *err);
/**
 * The next frame: first what is known of the snapshot, then its accounts in byte order, or all of it.
 * @param account, digest  Whose part it is, and the digest of its content; both NULL for the other two.
 * @return MW_OK; MW_ERR_IO; MW_ERR_NOMEM; MW_ERR_LIMIT: the text is longer than a frame may be.
 */
mw_status mw_archive_write_frame(mw_archive_writer *w, const char *account, const char *digest, const mw_buf *text,
                                 mw_error *err);
mw_status mw_archive_write_end(mw_archive_writer *w, mw_error *err);
void mw_archive_writer_clear(mw_archive_writer *w);

/* ---- reading ---- */

typedef struct mw_archive_frame {
    char account[MW_ARCHIVE_ACCOUNT_SIZE]; /* "": it is of none */
    char digest[MW_ARCHIVE_DIGEST_SIZE];   /* of a part: what its content must have */
    const char *text;                      /* NUL-terminated, valid until the next frame; NULL: there is none more */
    size_t len;
} mw_archive_frame;

/** `MW_AUTO(mw_archive_reader) r = {.fd = …, .name = …};` fd, name and stop are the caller's. */
typedef struct mw_archive_reader {
    int fd;
    const char *name;          /* of the file, for messages */
    const volatile bool *stop; /* or NULL; becomes true: MW_ERR_CANCELLED */
    size_t text_max;           /* 0 = MW_ARCHIVE_TEXT_MAX */
    mw_archive_head head;
    mw_archive_frame frame; /* the last one given */
    size_t frames;          /* how many were */
    mw_codec *codec;
    mw_buf line, packed, text;
    uint8_t seal[MW_SHA256_SIZE];
    char *window; /* read and not yet taken: from `at` to `end` */
    size_t at, end;
    size_t first_bytes, first_packed; /* version 1: its only frame is told in the header */
    char first_sha256[MW_ARCHIVE_DIGEST_SIZE];
} mw_archive_reader;

/** Version and header, into r->head. @return MW_OK; MW_ERR_PARSE: no export, or damaged; MW_ERR_UNSUPPORTED: of another
 * version; MW_ERR_IO; MW_ERR_NOMEM; MW_ERR_CANCELLED. */
mw_status mw_archive_read_head(mw_archive_reader *r, mw_error *err);
/**
 * The next frame, in the order in which they were written: in version 2 what is known, then accounts in byte order or
 * all in one; in version 1 everything in one. Behind the last one the end is read and proven: only then was the file whole.
 * @return as mw_archive_read_head(), and MW_ERR_LIMIT.
 */
mw_status mw_archive_read_frame(mw_archive_reader *r, mw_archive_frame *out, mw_error *err);
void mw_archive_reader_clear(mw_archive_reader *r);

/** What a file says is not so: "import: … is damaged: @p what". */
mw_status mw_archive_damaged(const char *what, mw_error *err);

#endif
