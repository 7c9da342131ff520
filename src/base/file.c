/* Whole files through the seam, so that each failing open, write, fsync and rename can be tested. */
#include "base/file.h"

#include "base/mem.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP ((size_t)64 << 10)

mw_status mw_fd_read_all(int fd, const char *name, mw_buf *out, mw_error *err)
{
    for (;;) {
        size_t room = READ_STEP;
        size_t max = out->max ? out->max : MW_BUF_MAX_DEFAULT;
        char *to;
        ssize_t n;

        if (room > max - out->len)
            room = max - out->len;
        if (room == 0) {
            char one;
            n = mw_sys.read_fn(mw_sys.ctx, fd, &one, 1);
            if (n > 0)
                return mw_fail(err, MW_ERR_LIMIT, "%s is larger than %zu bytes", name, max);
        } else {
            if (!(to = mw_buf_reserve(out, room, err)))
                return out->failed;
            n = mw_sys.read_fn(mw_sys.ctx, fd, to, room);
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mw_fail(err, MW_ERR_IO, "cannot read %s: %s", name, strerror(errno));
        mw_buf_grown(out, (size_t)n);
        if (n == 0)
            return MW_OK;
    }
}

mw_status mw_file_read(const char *path, mw_buf *out, mw_error *err)
{
    int fd = mw_sys.open_fn(mw_sys.ctx, path, O_RDONLY, 0);
    mw_status st;

    if (fd < 0)
        return mw_fail(err, errno == ENOENT || errno == ENOTDIR ? MW_ERR_NOTFOUND : MW_ERR_IO, "cannot open %s: %s",
                       path, strerror(errno));
    st = mw_fd_read_all(fd, path, out, err);
    close(fd);
    return st;
}

mw_status mw_fd_write_all(int fd, const char *name, const void *data, size_t len, mw_error *err)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = mw_sys.write_fn(mw_sys.ctx, fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mw_fail(err, MW_ERR_IO, "cannot write %s: %s", name, n < 0 ? strerror(errno) : "no progress");
        p += n;
        len -= (size_t)n;
    }
    return MW_OK;
}

static mw_status sync_folder(const char *path, mw_error *err)
{
    const char *slash = strrchr(path, '/');
    MW_AUTO_FREE char *folder = slash ? mw_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : mw_strdup(".");
    int fd;

    if (!folder)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    fd = mw_sys.open_fn(mw_sys.ctx, folder, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return mw_fail(err, MW_ERR_IO, "cannot open folder %s: %s", folder, strerror(errno));
    /* Some file systems cannot sync a folder and say EINVAL; the rename is then as safe as it gets. */
    if (mw_sys.fsync_fn(mw_sys.ctx, fd) != 0 && errno != EINVAL) {
        mw_fail(err, MW_ERR_IO, "cannot sync folder %s: %s", folder, strerror(errno));
        close(fd);
        return MW_ERR_IO;
    }
    close(fd);
    return MW_OK;
}

/* A device, pipe or socket, or one of the names of an open descriptor: to rename a file over it would take it away. */
static bool is_no_file(const char *path)
{
    static const char open_ones[] = "/proc/self/fd/";
    char link[sizeof(open_ones)];
    struct stat st;
    ssize_t len = readlink(path, link, sizeof(link) - 1);

    if (len == (ssize_t)sizeof(link) - 1 && memcmp(link, open_ones, sizeof(link) - 1) == 0)
        return true;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

mw_status mw_file_begin(mw_file_new *f, const char *path, mode_t mode, mw_error *err)
{
    *f = (mw_file_new){.fd = -1, .path = path};
    if (is_no_file(path)) {
        f->in_place = true;
        f->fd = mw_sys.open_fn(mw_sys.ctx, path, O_WRONLY | O_APPEND, 0);
        return f->fd >= 0 ? MW_OK : mw_fail(err, MW_ERR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    if ((size_t)snprintf(f->temporary, sizeof(f->temporary), "%s.%ld.tmp", path, (long)getpid()) >=
        sizeof(f->temporary))
        return mw_fail(err, MW_ERR_INVALID, "cannot create %s: its name is too long", path);
    f->fd = mw_sys.open_fn(mw_sys.ctx, f->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
    return f->fd >= 0 ? MW_OK : mw_fail(err, MW_ERR_IO, "cannot create %s: %s", path, strerror(errno));
}

mw_status mw_file_end(mw_file_new *f, mw_status st, mw_error *err)
{
    if (f->fd < 0)
        return st;
    if (st == MW_OK && !f->in_place && mw_sys.fsync_fn(mw_sys.ctx, f->fd) != 0)
        st = mw_fail(err, MW_ERR_IO, "cannot sync %s: %s", f->path, strerror(errno));
    if (close(f->fd) != 0 && st == MW_OK)
        st = mw_fail(err, MW_ERR_IO, "cannot close %s: %s", f->path, strerror(errno));
    f->fd = -1;
    if (f->in_place)
        return st;
    if (st == MW_OK && mw_sys.rename_fn(mw_sys.ctx, f->temporary, f->path) != 0)
        st = mw_fail(err, MW_ERR_IO, "cannot rename %s to %s: %s", f->temporary, f->path, strerror(errno));
    if (st != MW_OK) {
        mw_sys.unlink_fn(mw_sys.ctx, f->temporary);
        return st;
    }
    return sync_folder(f->path, err);
}

mw_status mw_file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, mw_error *err)
{
    mw_file_new f;
    mw_status st = mw_file_begin(&f, path, mode, err);

    return st == MW_OK ? mw_file_end(&f, mw_fd_write_all(f.fd, path, data, len, err), err) : st;
}

mw_status mw_mkdirs(const char *path, mode_t mode, mw_error *err)
{
    MW_AUTO_FREE char *copy = mw_strdup(path);

    if (!copy)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    for (char *p = copy + 1; *copy; p++) {
        char was = *p;
        if (was != '/' && was != '\0')
            continue;
        *p = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST)
            return mw_fail(err, MW_ERR_IO, "cannot make folder %s: %s", copy, strerror(errno));
        *p = was;
        if (was == '\0')
            break;
    }
    return MW_OK;
}

bool mw_file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}
