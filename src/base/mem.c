/* Allocation helpers over the seam. Zeroing is on purpose: a forgotten field is 0, not a stale secret. */
#include "base/mem.h"

#include "base/sys.h"

#include <string.h>

void *mw_alloc(size_t size)
{
    void *p = mw_sys.realloc_fn(mw_sys.ctx, NULL, size ? size : 1);

    if (p)
        memset(p, 0, size ? size : 1);
    return p;
}

void *mw_realloc(void *old, size_t size)
{
    return mw_sys.realloc_fn(mw_sys.ctx, old, size ? size : 1);
}

void mw_free(void *p)
{
    if (p)
        mw_sys.realloc_fn(mw_sys.ctx, p, 0);
}

char *mw_strndup(const char *s, size_t len)
{
    char *copy;

    if (len == (size_t)-1)
        return NULL;
    copy = mw_sys.realloc_fn(mw_sys.ctx, NULL, len + 1);
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *mw_strdup(const char *s)
{
    return mw_strndup(s, strlen(s));
}
