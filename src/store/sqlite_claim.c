/*
 * Who writes to a file: one run at a time, known by its id, from its first account to its last;
 * processes that share the work of a run share the claim. The lock belongs to the process and goes
 * with it, however it ends, so that a claim is never left behind. Readers take no notice.
 */
#include "store/sqlite.h"

#include "base/str.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void mw__sqlite_unclaim(mw_sqlite *s)
{
    if (s->claim_fd >= 0)
        close(s->claim_fd);
    s->claim_fd = -1;
}

static mw_status open_file(mw_sqlite *s, mw_error *err)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s.lock", s->base.path);
    s->claim_fd = mw_sys.open_fn(mw_sys.ctx, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return s->claim_fd >= 0 ? MW_OK : mw_fail(err, MW_ERR_IO, "store %s: %s: %s", s->base.path, path, strerror(errno));
}

static void read_holder(const mw_sqlite *s, char holder[MW_STORE_HOLDER_SIZE])
{
    ssize_t n = pread(s->claim_fd, holder, MW_STORE_HOLDER_SIZE - 1, 0);

    holder[n > 0 ? n : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
}

static mw_status write_holder(mw_sqlite *s, const char *run, mw_error *err)
{
    char line[MW_STORE_HOLDER_SIZE + 1];
    int len = snprintf(line, sizeof(line), "%s\n", run);

    if (ftruncate(s->claim_fd, 0) != 0 || pwrite(s->claim_fd, line, (size_t)len, 0) != len)
        return mw_fail(err, MW_ERR_IO, "store %s: writing its lock: %s", s->base.path, strerror(errno));
    return MW_OK;
}

mw_status mw__sqlite_claim(mw_store *store, const char *run, const char *const *accounts, size_t count, bool shared,
                           char holder[MW_STORE_HOLDER_SIZE], mw_error *err)
{
    mw_sqlite *s = mw__sqlite_of(store);
    mw_status st = s->claim_fd >= 0 ? MW_OK : open_file(s, err);

    (void)accounts;
    (void)count;
    holder[0] = '\0';
    if (st != MW_OK)
        return st;
    if (flock(s->claim_fd, LOCK_EX | LOCK_NB) == 0) {
        if ((st = write_holder(s, run, err)) == MW_OK && shared && flock(s->claim_fd, LOCK_SH | LOCK_NB) != 0)
            st = mw_fail(err, MW_ERR_CONFLICT, "store %s: another run writes to it", s->base.path);
    } else if (errno != EWOULDBLOCK) {
        st = mw_fail(err, MW_ERR_IO, "store %s: locking: %s", s->base.path, strerror(errno));
    } else {
        bool with_us = shared && flock(s->claim_fd, LOCK_SH | LOCK_NB) == 0;
        read_holder(s, holder);
        if (!with_us || !mw_str_eq(holder, run))
            st = mw_fail(err, MW_ERR_CONFLICT, "store %s: run %s writes to it", s->base.path, holder);
    }
    if (st != MW_OK)
        mw__sqlite_unclaim(s);
    return st;
}
