/* Whole files through the seam. */
#ifndef MW_BASE_FILE_H
#define MW_BASE_FILE_H

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

/** Append the file; MW_ERR_NOTFOUND, MW_ERR_LIMIT (over out->max), MW_ERR_IO, all naming the path. */
mw_status mw_file_read(const char *path, mw_buf *out, mw_error *err);
/** Append all that @p fd gives until its end. @p name is for messages. */
mw_status mw_fd_read_all(int fd, const char *name, mw_buf *out, mw_error *err);
/** Write all bytes, retrying short writes. */
mw_status mw_fd_write_all(int fd, const char *name, const void *data, size_t len, mw_error *err);
/**
 * A file that is written piece by piece and becomes visible when it is whole. A link at its place is replaced, not
 * followed. A device or pipe (/dev/null, /dev/stdout, a shell's >(…)) has no whole: what is written is appended to it.
 */
typedef struct mw_file_new {
    int fd;
    bool in_place;    /* no temporary file, no rename */
    const char *path; /* borrowed */
    char temporary[4096];
} mw_file_new;

mw_status mw_file_begin(mw_file_new *f, const char *path, mode_t mode, mw_error *err);
/** With MW_OK it is synced and takes its name, else it goes. Returns @p st, or why it could not. */
mw_status mw_file_end(mw_file_new *f, mw_status st, mw_error *err);
/** Temporary file beside it, fsync, rename, fsync of the folder: whole or not at all, as mw_file_begin() has it. */
mw_status mw_file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, mw_error *err);
/** mkdir -p with @p mode for new folders. */
mw_status mw_mkdirs(const char *path, mode_t mode, mw_error *err);
bool mw_file_exists(const char *path);

#endif
