/* Watching files: however an editor writes, the change is told by the file's own name. */
#include "unit/engine/folder.h"

#include "base/buf.h"
#include "cli/watch.h"

#include <sys/stat.h>

static bool stop;

static void assert_changed(mw_watch *w, const char *a, const char *b)
{
    const char *const *changed;
    size_t count;
    mw_error err = {0};

    if (mw_watch_wait(w, &stop, &changed, &count, &err) != MW_OK)
        fail_msg("%s", err.message);
    assert_int_equal(count, b ? 2 : 1);
    assert_string_equal(changed[0], a);
    if (b)
        assert_string_equal(changed[1], b);
}

static void write_in_place(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_changes(void **state)
{
    char sub[200], inner[240], other[200], plain[200];
    const char *paths[1], *one, *two;
    mw_watch *w;
    folder f;

    (void)state;
    folder_open(&f);
    one = folder_add(&f, "one.lua", "1");
    two = folder_add(&f, "two.yaml", "2");
    paths[0] = f.path;
    assert_int_equal(mw_watch_new(paths, 1, &w, NULL), MW_OK);
    assert_int_equal(mw_watch_count(w), 2);

    write_in_place(one, "longer");
    assert_changed(w, one, NULL);
    /* Another file of the same length, renamed over it, at the same time: a new inode. */
    assert_int_equal(mw_file_write_atomic(one, "LONGER", 6, 0600, NULL), MW_OK);
    assert_int_equal(mw_file_write_atomic(two, "3", 1, 0600, NULL), MW_OK);
    assert_changed(w, one, two);

    /* What editors leave beside a file is none of ours. */
    snprintf(plain, sizeof(plain), "%s/.one.lua.swp", f.path);
    write_in_place(plain, "x");
    unlink(plain);
    snprintf(plain, sizeof(plain), "%s/one.lua~", f.path);
    write_in_place(plain, "x");
    snprintf(other, sizeof(other), "%s/new.lua", f.path);
    write_in_place(other, "x");
    assert_changed(w, other, NULL);

    /* A new folder is looked into. */
    snprintf(sub, sizeof(sub), "%s/sub", f.path);
    assert_int_equal(mkdir(sub, 0700), 0);
    snprintf(inner, sizeof(inner), "%s/inner.lua", sub);
    write_in_place(inner, "x");
    assert_changed(w, inner, NULL);
    unlink(inner);
    unlink(other);
    assert_changed(w, other, inner);
    rmdir(sub);
    unlink(plain);
    mw_watch_free(w);
    folder_close(&f);
}

static void test_one_file(void **state)
{
    const char *paths[1], *one;
    mw_watch *w;
    folder f;

    (void)state;
    folder_open(&f);
    one = folder_add(&f, "one.lua", "1");
    folder_add(&f, "two.lua", "1");
    paths[0] = one;
    assert_int_equal(mw_watch_new(paths, 1, &w, NULL), MW_OK);
    assert_int_equal(mw_watch_count(w), 1);
    write_in_place(f.files[1], "not watched");
    unlink(one);
    assert_changed(w, one, NULL);
    write_in_place(one, "again");
    assert_changed(w, one, NULL);
    mw_watch_free(w);
    folder_close(&f);
}

static void test_stop(void **state)
{
    const char *paths[] = {"/nonexistent/rules"};
    const char *const *changed;
    size_t count;
    mw_watch *w;

    (void)state;
    assert_int_equal(mw_watch_new(paths, 1, &w, NULL), MW_OK);
    stop = true;
    assert_int_equal(mw_watch_wait(w, &stop, &changed, &count, NULL), MW_ERR_CANCELLED);
    stop = false;
    mw_watch_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_changes), cmocka_unit_test(test_one_file),
                                       cmocka_unit_test(test_stop)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
