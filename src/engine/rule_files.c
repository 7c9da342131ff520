/* Rule files on disk: found below folders in a fixed order, read whole, refused when they are no text. */
#include "engine/rule_files.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "lua/vm.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 16
#define FILES_MAX 100000

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for rule files");
}

static mw_status add_file(mw_file_list *l, const char *path, mw_error *err)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        mw_source_file *grown = mw_realloc(l->items, cap * sizeof(*grown));
        if (!grown)
            return no_memory(err);
        l->items = grown;
        l->cap = cap;
    }
    if (l->count >= FILES_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "more than %d rule files", FILES_MAX);
    l->items[l->count] = (mw_source_file){.path = mw_arena_strdup(l->arena, path)};
    return l->items[l->count++].path ? MW_OK : no_memory(err);
}

static mw_status add_folder(mw_file_list *l, const char *path, int depth, mw_error *err);

static mw_status add_entry(mw_file_list *l, const char *folder, const char *name, int depth, mw_error *err)
{
    size_t len = strlen(folder);
    MW_AUTO(mw_buf) path = {.max = 4096};
    struct stat st;

    if (name[0] == '.')
        return MW_OK;
    mw_buf_printf(&path, "%s%s%s", folder, len && folder[len - 1] == '/' ? "" : "/", name);
    if (mw_buf_status(&path, err) != MW_OK)
        return path.failed;
    if (stat(path.data, &st) != 0)
        return MW_OK; /* a dangling link, or gone meanwhile */
    if (S_ISDIR(st.st_mode))
        return add_folder(l, path.data, depth + 1, err);
    if (S_ISREG(st.st_mode) && mw_str_ends(name, ".lua") && !mw_str_ends(name, "_test.lua"))
        return add_file(l, path.data, err);
    return MW_OK;
}

static mw_status add_folder(mw_file_list *l, const char *path, int depth, mw_error *err)
{
    mw_status st = MW_OK;
    struct dirent *entry;
    DIR *dir;

    if (depth > DEPTH_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "%s: folders are nested more than %d deep", path, DEPTH_MAX);
    dir = opendir(path);
    if (!dir)
        return mw_fail(err, MW_ERR_IO, "cannot read folder %s: %s", path, strerror(errno));
    while (st == MW_OK && (entry = readdir(dir)))
        st = add_entry(l, path, entry->d_name, depth, err);
    closedir(dir);
    return st;
}

mw_status mw__files_add(mw_file_list *l, const char *path, mw_error *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return mw_fail(err, errno == ENOENT ? MW_ERR_NOTFOUND : MW_ERR_IO, "cannot read rules from %s: %s", path,
                       strerror(errno));
    return S_ISDIR(st.st_mode) ? add_folder(l, path, 0, err) : add_file(l, path, err);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const mw_source_file *)a)->path, ((const mw_source_file *)b)->path);
}

void mw__files_sort(mw_file_list *l)
{
    size_t kept = 0;

    if (l->count > 1)
        qsort(l->items, l->count, sizeof(*l->items), compare);
    for (size_t i = 0; i < l->count; i++)
        if (i == 0 || strcmp(l->items[i].path, l->items[kept - 1].path) != 0)
            l->items[kept++] = l->items[i];
    l->count = kept;
}

mw_status mw__file_read_source(mw_source_file *f, mw_arena *arena, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = MW_VM_SOURCE_MAX};
    mw_status st = mw_file_read(f->path, &text, err);

    if (st != MW_OK)
        return st;
    if (!mw_utf8_valid(text.data ? text.data : "", text.len) || (text.len && memchr(text.data, 0, text.len)))
        return mw_fail(err, MW_ERR_PARSE, "%s: not UTF-8 text", f->path);
    f->source = mw_arena_strndup(arena, text.data ? text.data : "", text.len);
    f->len = text.len;
    return f->source ? MW_OK : no_memory(err);
}

void mw__files_clear(mw_file_list *l)
{
    mw_free(l->items);
    l->items = NULL;
    l->count = l->cap = 0;
}
