/*
 * Which files changed is found by looking at all of them (size, time, inode), so that an editor that writes
 * another file and renames it, one that writes in place and a checkout of many files are all the same.
 * inotify only says when to look; a look each second catches what it cannot see (network folders, a kernel
 * without watches left).
 */
#include "cli/watch.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX    100000
#define DEPTH_MAX    16
#define LOOK_MS      1000 /* at least so often */
#define STILL_MS     60   /* no event for so long: whoever writes is done */
#define STILL_ROUNDS 20   /* but waiting for that has an end */
#define EVENTS       (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB)

struct seen {
    const char *path;
    int64_t mtime_ns, size;
    uint64_t inode;
};

struct look {
    struct seen *items; /* by path */
    size_t count, cap;
    mw_arena arena;
};

struct mw_watch {
    const char **paths;
    size_t path_count;
    struct look now, before;
    const char **changed;
    int fd; /* of inotify, or -1 */
    mw_arena arena;
};

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for watching files");
}

/* ---- looking ---- */

static mw_status add_file(struct look *l, const char *path, const struct stat *st, mw_error *err)
{
    if (l->count == FILES_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "more than %d files to watch", FILES_MAX);
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct seen *grown = mw_realloc(l->items, cap * sizeof(*grown));
        if (!grown)
            return no_memory(err);
        l->items = grown;
        l->cap = cap;
    }
    l->items[l->count] = (struct seen){.path = mw_arena_strdup(&l->arena, path),
                                       .size = st->st_size,
                                       .mtime_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec,
                                       .inode = st->st_ino};
    return l->items[l->count++].path ? MW_OK : no_memory(err);
}

static void wake_for(mw_watch *w, const char *folder)
{
    if (w->fd >= 0)
        (void)inotify_add_watch(w->fd, folder, EVENTS); /* without it there is the look each second */
}

static mw_status add_folder(mw_watch *w, const char *path, int depth, mw_error *err)
{
    mw_status st = MW_OK;
    struct dirent *entry;
    DIR *dir;

    wake_for(w, path);
    dir = depth > DEPTH_MAX ? NULL : opendir(path);
    while (dir && st == MW_OK && (entry = readdir(dir)) != NULL) {
        MW_AUTO(mw_buf) below = {.max = 4096};
        struct stat info;
        if (entry->d_name[0] == '.' ||
            mw_buf_join(&below, path, mw_str_ends(path, "/") ? "" : "/", entry->d_name, NULL) != MW_OK ||
            stat(below.data, &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode))
            st = add_folder(w, below.data, depth + 1, err);
        else if (S_ISREG(info.st_mode) && (mw_str_ends(below.data, ".lua") || mw_str_ends(below.data, ".yaml")))
            st = add_file(&w->now, below.data, &info, err);
    }
    if (dir)
        closedir(dir);
    return st;
}

static mw_status add_path(mw_watch *w, const char *path, mw_error *err)
{
    const char *slash = strrchr(path, '/');
    MW_AUTO(mw_buf) folder = {.max = 4096};
    struct stat info;

    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return add_folder(w, path, 0, err);
    /* A file is watched by its folder: it may be replaced. */
    mw_buf_add(&folder, slash ? path : ".", slash ? (size_t)(slash - path) + (slash == path) : 1, NULL);
    if (folder.data)
        wake_for(w, folder.data);
    return stat(path, &info) == 0 ? add_file(&w->now, path, &info, err) : MW_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct seen *)a)->path, ((const struct seen *)b)->path);
}

static mw_status look(mw_watch *w, mw_error *err)
{
    struct look spare = w->before;
    mw_status st = MW_OK;

    w->before = w->now;
    w->now = spare;
    w->now.count = 0;
    mw_arena_clear(&w->now.arena);
    for (size_t i = 0; st == MW_OK && i < w->path_count; i++)
        st = add_path(w, w->paths[i], err);
    if (w->now.count > 1)
        qsort(w->now.items, w->now.count, sizeof(*w->now.items), compare);
    return st;
}

static bool same(const struct seen *a, const struct seen *b)
{
    return a->mtime_ns == b->mtime_ns && a->size == b->size && a->inode == b->inode;
}

/* Both lists are sorted; a path named twice is there twice in both. */
static mw_status differences(mw_watch *w, size_t *count, mw_error *err)
{
    const struct look *a = &w->before, *b = &w->now;
    size_t i = 0, k = 0;

    mw_free(w->changed);
    w->changed = mw_alloc((a->count + b->count + 1) * sizeof(*w->changed));
    *count = 0;
    if (!w->changed)
        return no_memory(err);
    while (i < a->count || k < b->count) {
        int c = i == a->count ? 1 : k == b->count ? -1 : strcmp(a->items[i].path, b->items[k].path);
        if (c != 0)
            w->changed[(*count)++] = c < 0 ? a->items[i].path : b->items[k].path;
        else if (!same(&a->items[i], &b->items[k]))
            w->changed[(*count)++] = b->items[k].path;
        i += c <= 0;
        k += c >= 0;
    }
    return MW_OK;
}

/* ---- waiting ---- */

/* True when something was told within the time. */
static bool wait_for_event(const mw_watch *w, int timeout_ms)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    char events[4096];

    if (poll(&p, 1, timeout_ms) <= 0) /* a fd of -1 is none: this sleeps */
        return false;
    while (read(w->fd, events, sizeof(events)) > 0)
        ;
    return true;
}

mw_status mw_watch_wait(mw_watch *w, const volatile bool *stop, const char *const **changed, size_t *count,
                        mw_error *err)
{
    mw_status st = MW_OK;

    for (*count = 0; st == MW_OK && *count == 0;) {
        if ((st = look(w, err)) != MW_OK || (st = differences(w, count, err)) != MW_OK || *count > 0)
            break;
        if (wait_for_event(w, LOOK_MS))
            for (int i = 0; i < STILL_ROUNDS && !*stop && wait_for_event(w, STILL_MS); i++)
                ;
        if (*stop)
            st = mw_fail(err, MW_ERR_CANCELLED, "stopped by a signal");
    }
    *changed = w->changed;
    return st;
}

mw_status mw_watch_new(const char *const *paths, size_t count, mw_watch **out, mw_error *err)
{
    mw_watch *w = mw_alloc(sizeof(*w));
    mw_status st = MW_OK;

    *out = NULL;
    if (!w)
        return no_memory(err);
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    w->paths = mw_arena_alloc(&w->arena, (count + 1) * sizeof(*w->paths));
    for (size_t i = 0; w->paths && i < count; i++)
        if ((w->paths[i] = mw_arena_strdup(&w->arena, paths[i])) != NULL)
            w->path_count++;
    if (!w->paths || w->path_count != count)
        st = no_memory(err);
    if (st == MW_OK)
        st = look(w, err);
    if (st != MW_OK) {
        mw_watch_free(w);
        return st;
    }
    *out = w;
    return MW_OK;
}

size_t mw_watch_count(const mw_watch *w)
{
    return w->now.count;
}

void mw_watch_free(mw_watch *w)
{
    struct look *looks[2];

    if (!w)
        return;
    looks[0] = &w->now;
    looks[1] = &w->before;
    for (int i = 0; i < 2; i++) {
        mw_free(looks[i]->items);
        mw_arena_clear(&looks[i]->arena);
    }
    mw_free(w->changed);
    if (w->fd >= 0)
        close(w->fd);
    mw_arena_clear(&w->arena);
    mw_free(w);
}
