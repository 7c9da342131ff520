/*
 * Writing starter files. All texts are made before the first is written, and each is written whole or not at all.
 * It must never change a file that it did not make.
 */
#include "cli/scaffold.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

mw_buf *mw_scaffold_add(mw_scaffold *s, const char *folder, const char *format, ...)
{
    mw_scaffold_file *f = &s->files[s->count];
    int len = 0, more;
    va_list args;

    if (s->count == MW_SCAFFOLD_MAX)
        return NULL;
    if (folder && !mw_str_eq(folder, "."))
        len = snprintf(f->path, sizeof(f->path), "%s/", folder);
    if (len < 0 || (size_t)len >= sizeof(f->path))
        return NULL;
    va_start(args, format);
    more = vsnprintf(f->path + len, sizeof(f->path) - (size_t)len, format, args);
    va_end(args);
    if (more < 0 || (size_t)(len + more) >= sizeof(f->path))
        return NULL;
    f->text = (mw_buf){.max = (size_t)1 << 20};
    s->count++;
    return &f->text;
}

static mw_status make_folder(const char *path, mw_error *err)
{
    MW_AUTO(mw_buf) folder = {.max = 1024};
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path)
        return MW_OK;
    mw_buf_add(&folder, path, (size_t)(slash - path), NULL);
    return folder.failed ? mw_buf_status(&folder, err) : mw_mkdirs(folder.data, 0777, err);
}

mw_status mw_scaffold_write(mw_scaffold *s, bool keep, mw_error *err)
{
    MW_AUTO(mw_buf) there = {.max = 16384};
    mw_status st;

    for (size_t i = 0; i < s->count; i++) {
        mw_scaffold_file *f = &s->files[i];
        if ((st = mw_buf_status(&f->text, err)) != MW_OK)
            return mw_error_prefix(err, st, "%s", f->path);
        f->there = mw_file_exists(f->path);
        if (f->there)
            mw_buf_printf(&there, "%s%s", there.len ? ", " : "", f->path);
    }
    if (there.len && !keep)
        return mw_fail(err, MW_ERR_CONFLICT, "%s: there already; nothing was written", there.data);
    for (size_t i = 0; i < s->count; i++) {
        mw_scaffold_file *f = &s->files[i];
        if (f->there)
            continue;
        if ((st = make_folder(f->path, err)) != MW_OK ||
            (st = mw_file_write_atomic(f->path, f->text.data ? f->text.data : "", f->text.len, 0666, err)) != MW_OK)
            return st;
    }
    return MW_OK;
}

void mw_scaffold_clear(mw_scaffold *s)
{
    for (size_t i = 0; i < s->count; i++)
        mw_buf_clear(&s->files[i].text);
    s->count = 0;
}
