/*
 * Folders of YAML files into one document of resource types, each file through the checks of
 * type_read.c. The order is that of the names, so that a build is the same everywhere.
 */
#include "inventory/type_read.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILES 512u

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static mw_status list_folder(const char *dir, mw_arena *arena, char **names, size_t *count, mw_error *err)
{
    DIR *folder = opendir(dir);
    struct dirent *entry;
    mw_status st = MW_OK;

    *count = 0;
    if (!folder)
        return mw_fail(err, errno == ENOENT ? MW_ERR_NOTFOUND : MW_ERR_IO, "%s: %s", dir, strerror(errno));
    while (st == MW_OK && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.' || !mw_str_ends(entry->d_name, ".yaml"))
            continue;
        if (*count == MAX_FILES)
            st = mw_fail(err, MW_ERR_LIMIT, "%s: more than %u files", dir, MAX_FILES);
        else if (!(names[*count] = mw_arena_printf(arena, "%s/%s", dir, entry->d_name)))
            st = mw_fail(err, MW_ERR_NOMEM, "%s: out of memory", dir);
        else
            (*count)++;
    }
    closedir(folder);
    qsort(names, *count, sizeof(*names), by_name);
    return st;
}

static mw_status read_file(mw_doc_builder *b, const char *path, mw_val *out, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = (size_t)16 << 20};
    MW_AUTO(mw_yaml_marks) marks = {0};
    mw_status st = mw_file_read(path, &text, err);

    if (st == MW_OK)
        st = mw_yaml_read(b, text.data, text.len, path, &marks, err);
    if (st != MW_OK)
        return st;
    *out = mw_doc_pop(b);
    return mw_types_check_file(mw_doc_view(b), *out, path, &marks, err);
}

static mw_status merge(mw_doc_builder *b, const mw_val *files, char *const *names, size_t n, bool unique, mw_val *root,
                       mw_error *err)
{
    const mw_doc *d = mw_doc_view(b);

    mw_doc_begin_object(b);
    for (size_t f = 0; f < n; f++) {
        for (size_t i = 0; i < mw_val_len(d, files[f]); i++) {
            mw_val key;
            mw_val type = mw_val_member(d, files[f], i, &key);
            for (size_t g = 0; unique && g < f; g++)
                if (mw_val_get(d, files[g], mw_val_str(d, key, NULL)) != MW_VAL_ABSENT)
                    return mw_fail(err, MW_ERR_INVALID, "%s: type %s is in %s already", names[f],
                                   mw_val_str(d, key, NULL), names[g]);
            mw_doc_key_val(b, key);
            mw_doc_add_val(b, type);
        }
    }
    mw_doc_end_object(b);
    *root = mw_doc_pop(b);
    return mw_doc_builder_status(b, err);
}

mw_status mw_types_read_dirs(const char *const *dirs, size_t n, bool unique, mw_doc **out, mw_error *err)
{
    MW_AUTO(mw_arena) arena = {0};
    mw_doc_builder *b = NULL;
    char **names = mw_arena_alloc(&arena, MAX_FILES * sizeof(char *));
    mw_val *files = mw_arena_alloc(&arena, MAX_FILES * sizeof(*files));
    size_t count = 0;
    mw_val root = MW_VAL_NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    *out = NULL;
    if (st == MW_OK && (!names || !files))
        st = mw_fail(err, MW_ERR_NOMEM, "out of memory for resource types");
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        char **found = mw_arena_alloc(&arena, MAX_FILES * sizeof(char *));
        size_t in_folder = 0;
        st = found ? list_folder(dirs[i], &arena, found, &in_folder, err)
                   : mw_fail(err, MW_ERR_NOMEM, "out of memory for resource types");
        for (size_t k = 0; st == MW_OK && k < in_folder; k++) {
            if (count == MAX_FILES)
                st = mw_fail(err, MW_ERR_LIMIT, "more than %u files of resource types", MAX_FILES);
            else
                st = read_file(b, names[count] = found[k], &files[count], err);
            count++;
        }
    }
    if (st == MW_OK)
        st = merge(b, files, names, count, unique, &root, err);
    if (st == MW_OK)
        st = mw_doc_finish(b, root, out, err);
    mw_doc_builder_free(b);
    return st;
}
