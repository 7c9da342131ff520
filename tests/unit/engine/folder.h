/* A folder of files that goes away. */
#ifndef MW_TESTS_FOLDER_H
#define MW_TESTS_FOLDER_H

#include "base/file.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct folder {
    char path[64];
    char files[16][160];
    size_t count;
} folder;

static inline void folder_open(folder *f)
{
    memset(f, 0, sizeof(*f));
    snprintf(f->path, sizeof(f->path), "/tmp/mw-engine-XXXXXX");
    assert_non_null(mkdtemp(f->path));
}

static inline const char *folder_add(folder *f, const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    memcpy(f->files[f->count], path, sizeof(path));
    assert_int_equal(mw_file_write_atomic(path, text, strlen(text), 0600, NULL), MW_OK);
    return f->files[f->count++];
}

static inline void folder_close(folder *f)
{
    for (size_t i = 0; i < f->count; i++)
        unlink(f->files[i]);
    assert_int_equal(rmdir(f->path), 0);
}

#endif
