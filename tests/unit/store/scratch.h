/* A folder for one test program, removed at its end. */
#ifndef MW_TEST_SCRATCH_H
#define MW_TEST_SCRATCH_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_folder[64];

static inline int scratch_make(void **state)
{
    (void)state;
    snprintf(scratch_folder, sizeof(scratch_folder), "/tmp/mw-test-XXXXXX");
    return mkdtemp(scratch_folder) ? 0 : -1;
}

/* Empty it (one level) and, at the end, remove it. */
static inline int scratch_empty(void **state)
{
    DIR *d = opendir(scratch_folder);
    struct dirent *e;
    char path[512];

    (void)state;
    while (d && (e = readdir(d)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", scratch_folder, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (void)(unlink(path) == 0 || rmdir(path) == 0);
    }
    if (d)
        closedir(d);
    return 0;
}

static inline int scratch_remove(void **state)
{
    scratch_empty(state);
    return rmdir(scratch_folder);
}

static inline const char *scratch(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", scratch_folder, name);
    return path;
}

#endif
