/* Files: whole or not at all, whatever call fails. */
#include "base/file.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/mw-test-file-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[128];

    (void)state;
    mw_sys_reset();
    snprintf(path, sizeof(path), "%s/f", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/a/b", folder);
    rmdir(path);
    snprintf(path, sizeof(path), "%s/a", folder);
    rmdir(path);
    return rmdir(folder);
}

static void writes_and_reads_back(void **state)
{
    MW_AUTO(mw_buf) in = {.max = 1 << 20};
    char path[128];
    mw_error err = {0};
    struct stat st;

    (void)state;
    snprintf(path, sizeof(path), "%s/f", folder);
    assert_ok(mw_file_write_atomic(path, "content", 7, 0600, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(mw_file_read(path, &in, &err));
    assert_string_equal(in.data, "content");
    assert_true(mw_file_exists(path));
}

static void reading_names_what_is_wrong(void **state)
{
    MW_AUTO(mw_buf) small = {.max = 3};
    MW_AUTO(mw_buf) in = {0};
    char path[128];
    mw_error err = {0};

    (void)state;
    assert_int_equal(mw_file_read("/nonexistent/x", &in, &err), MW_ERR_NOTFOUND);
    assert_non_null(strstr(err.message, "/nonexistent/x"));
    snprintf(path, sizeof(path), "%s/f", folder);
    assert_ok(mw_file_write_atomic(path, "content", 7, 0600, &err));
    assert_int_equal(mw_file_read(path, &small, &err), MW_ERR_LIMIT);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(mw_file_read(folder, &in, &err), MW_ERR_IO);
}

static bool interrupted;

static ssize_t interrupted_read(void *ctx, int fd, void *to, size_t size)
{
    (void)ctx;
    if ((interrupted = !interrupted)) {
        errno = EINTR;
        return -1;
    }
    return read(fd, to, size);
}

static void a_signal_does_not_end_a_read(void **state)
{
    MW_AUTO(mw_buf) in = {.max = 7}; /* full: whether more follows is a read too */
    char path[128];
    mw_error err = {0};

    (void)state;
    snprintf(path, sizeof(path), "%s/f", folder);
    assert_ok(mw_file_write_atomic(path, "content", 7, 0600, &err));
    mw_sys.read_fn = interrupted_read;
    assert_ok(mw_file_read(path, &in, &err));
    mw_sys_reset();
    assert_int_equal(in.len, 7);
}

static int failing_fsync(void *ctx, int fd)
{
    (void)ctx, (void)fd;
    errno = EIO;
    return -1;
}

static int failing_rename(void *ctx, const char *from, const char *to)
{
    (void)ctx, (void)from, (void)to;
    errno = EACCES;
    return -1;
}

static int writes_left;

static ssize_t failing_write(void *ctx, int fd, const void *data, size_t size)
{
    (void)ctx;
    if (writes_left-- > 0)
        return write(fd, data, size > 2 ? 2 : size); /* short on purpose */
    errno = ENOSPC;
    return -1;
}

static void a_failure_keeps_the_old_file(void **state)
{
    char path[128];
    mw_error err = {0};

    (void)state;
    snprintf(path, sizeof(path), "%s/f", folder);
    assert_ok(mw_file_write_atomic(path, "old", 3, 0600, &err));
    for (int kind = 0; kind < 3; kind++) {
        MW_AUTO(mw_buf) in = {0};
        if (kind == 0)
            mw_sys.fsync_fn = failing_fsync;
        else if (kind == 1)
            mw_sys.rename_fn = failing_rename;
        else
            mw_sys.write_fn = failing_write, writes_left = 2;
        assert_int_equal(mw_file_write_atomic(path, "new content", 11, 0600, &err), MW_ERR_IO);
        assert_non_null(strstr(err.message, path));
        mw_sys_reset();
        assert_ok(mw_file_read(path, &in, &err));
        assert_string_equal(in.data, "old");
    }
    mw_sys.write_fn = failing_write;
    writes_left = 100;
    assert_ok(mw_file_write_atomic(path, "short writes", 12, 0600, &err));
    mw_sys_reset();
    {
        MW_AUTO(mw_buf) in = {0};
        assert_ok(mw_file_read(path, &in, &err));
        assert_string_equal(in.data, "short writes");
    }
}

/* What is no file stays what it is: nothing is renamed over a device or a pipe, and a link is no way to another file. */
static void only_files_are_replaced(void **state)
{
    MW_AUTO(mw_buf) in = {0};
    char fifo[128], link[128], target[128], text[16] = "";
    mw_error err = {0};
    struct stat st;
    int end;

    (void)state;
    snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
    snprintf(link, sizeof(link), "%s/link", folder);
    snprintf(target, sizeof(target), "%s/f", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    end = open(fifo, O_RDWR);
    assert_ok(mw_file_write_atomic(fifo, "content", 7, 0600, &err));
    assert_int_equal(read(end, text, sizeof(text)), 7);
    assert_int_equal(stat(fifo, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    close(end);
    assert_int_equal(symlink("/dev/null", link), 0);
    assert_ok(mw_file_write_atomic(link, "content", 7, 0600, &err));
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    unlink(link);
    assert_ok(mw_file_write_atomic(target, "old", 3, 0600, &err));
    assert_int_equal(symlink(target, link), 0);
    assert_ok(mw_file_write_atomic(link, "new", 3, 0600, &err));
    assert_ok(mw_file_read(target, &in, &err));
    assert_string_equal(in.data, "old");
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    unlink(link);
    unlink(fifo);
    assert_int_not_equal(mw_file_write_atomic(folder, "x", 1, 0600, &err), MW_OK);
}

static void folders_are_made(void **state)
{
    char path[128];
    mw_error err = {0};

    (void)state;
    snprintf(path, sizeof(path), "%s/a/b", folder);
    assert_ok(mw_mkdirs(path, 0700, &err));
    assert_ok(mw_mkdirs(path, 0700, &err));
    assert_true(mw_file_exists(path));
    assert_int_equal(mw_mkdirs("/proc/nope/x", 0700, &err), MW_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads_back),        cmocka_unit_test(reading_names_what_is_wrong),
        cmocka_unit_test(a_signal_does_not_end_a_read), cmocka_unit_test(a_failure_keeps_the_old_file),
        cmocka_unit_test(only_files_are_replaced),      cmocka_unit_test(folders_are_made),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
