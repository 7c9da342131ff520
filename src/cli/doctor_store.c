/* The store: where it is, whether it is whole, whose eyes it is for, and whether it has room.
 * Nothing is written. */
#include "cli/doctor.h"

#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FREE_LEAST  ((unsigned long long)50 << 20)
#define FREE_ENOUGH ((unsigned long long)1 << 30)
#define CHECK_MOST  ((unsigned long long)2 << 30)

/* The nearest folder above @p path that is there. */
static void existing_folder(const char *path, char *out, size_t size)
{
    struct stat s;

    for (size_t len = strlen(path); len > 0; len--) {
        if (path[len - 1] != '/')
            continue;
        if (len >= size)
            continue;
        memcpy(out, path, len);
        out[len] = '\0';
        if (stat(out, &s) == 0)
            return;
    }
    memcpy(out, ".", 2);
}

static void space(mw_doctor *d, const char *folder)
{
    struct statvfs v;
    unsigned long long left;

    if (statvfs(folder, &v) != 0) {
        mw_doctor_say(d, "store", "space", MW_CHECK_WARN, 0, NULL, "%s: %s", folder, strerror(errno));
        return;
    }
    left = (unsigned long long)v.f_bavail * v.f_frsize;
    mw_doctor_say(d, "store", "space",
                  left < FREE_LEAST    ? MW_CHECK_FAIL
                  : left < FREE_ENOUGH ? MW_CHECK_WARN
                                       : MW_CHECK_OK,
                  0, "moonward snapshot prune forgets old snapshots; --store puts it elsewhere", "%.1f GB free",
                  (double)left / 1e9);
}

static void mode(mw_doctor *d, const struct stat *s)
{
    if (s->st_uid != geteuid())
        mw_doctor_say(d, "store", "mode", MW_CHECK_WARN, 0, "run as its owner, or use a store of your own",
                      "it belongs to user %u", (unsigned)s->st_uid);
    else if (s->st_mode & 077)
        mw_doctor_say(d, "store", "mode", MW_CHECK_WARN, 0, "chmod 600: it holds what your accounts look like",
                      "others may open it (%03o)", (unsigned)(s->st_mode & 0777));
    else
        mw_doctor_say(d, "store", "mode", MW_CHECK_OK, 0, NULL, "for its owner alone (%03o)",
                      (unsigned)(s->st_mode & 0777));
}

static const char *way_out(mw_status st, bool url)
{
    switch (st) {
    case MW_ERR_UNSUPPORTED: return "a newer Moonward made it: use that one, or another --store";
    case MW_ERR_PARSE: return "restore it from a backup, or begin a new one with --store";
    case MW_ERR_INVALID: return "correct its URL, or let its role in";
    case MW_ERR_NET: return "look at its host, port and pg_hba.conf; 'psql URL' says the same";
    default:
        return url ? "look at the server's log, or use another --store"
                   : "another process may hold it: wait, or use another --store";
    }
}

static void integrity(mw_doctor *d, mw_store *store, bool current, const struct stat *file)
{
    mw_error err = {0};

    if (file && (unsigned long long)file->st_size > CHECK_MOST)
        mw_doctor_say(d, "store", "integrity", MW_CHECK_SKIPPED, 0, "moonward snapshot check reads all of it",
                      "%.1f GB take long to read", (double)file->st_size / 1e9);
    else if (!file && !current)
        mw_doctor_say(d, "store", "integrity", MW_CHECK_SKIPPED, 0, NULL, "needs tables of this version");
    else if (mw_store_check(store, &err) != MW_OK)
        mw_doctor_say(d, "store", "integrity", MW_CHECK_FAIL, 0,
                      "restore it from a backup, or begin a new one with --store", "%s", err.message);
    else if (file)
        mw_doctor_say(d, "store", "integrity", MW_CHECK_OK, 0, NULL, "every page is whole, %.1f MB",
                      (double)file->st_size / 1e6);
    else
        mw_doctor_say(d, "store", "integrity", MW_CHECK_OK, 0, NULL, "every table can be read");
}

/* @p file NULL: a database. */
static void database(mw_doctor *d, const char *path, const struct stat *file)
{
    const mw_store_options look = {.mode = MW_STORE_LOOK};
    mw_store *store = NULL;
    mw_error err = {0};
    mw_status st = mw_store_open(path, &look, &store, &err);
    int64_t is, known;

    if (st == MW_ERR_NOTFOUND) {
        mw_doctor_say(d, "store", "database", MW_CHECK_OK, 0, NULL,
                      "nothing is stored there yet: the first sweep makes the schema");
        return;
    }
    if (st != MW_OK) {
        mw_doctor_say(d, "store", "database", MW_CHECK_FAIL, 0, way_out(st, !file), "%s", err.message);
        return;
    }
    mw_store_schema(store, &is, &known);
    if (is == known)
        mw_doctor_say(d, "store", "database", MW_CHECK_OK, 0, NULL, "opens; its schema, %lld, is this version's",
                      (long long)is);
    else
        mw_doctor_say(d, "store", "database", MW_CHECK_WARN, 0,
                      "copy it first if an older Moonward is to read it again",
                      "opens; its schema is %lld, this version's is %lld: the next sweep migrates it", (long long)is,
                      (long long)known);
    integrity(d, store, is == known, file);
    mw_store_close(store);
}

static void on_a_server(mw_doctor *d, const char *url)
{
    MW_AUTO(mw_buf) name = {.max = 1 << 16};
    mw_error err = {0};

    if (mw_store_name(url, &name, &err) != MW_OK) {
        mw_doctor_say(d, "store", "path", MW_CHECK_FAIL, MW_EXIT_USAGE, way_out(MW_ERR_INVALID, true), "%s",
                      err.message);
        return;
    }
    mw_doctor_say(d, "store", "path", MW_CHECK_OK, 0, NULL, "%s", name.data);
    database(d, url, NULL);
}

static void sensitive(mw_doctor *d)
{
    bool keeps = mw_setup_keeps_sensitive(&d->setup);

    mw_doctor_say(d, "store", "sensitive", MW_CHECK_OK, 0,
                  keeps ? "without `sensitive: keep` in moonward.yaml it is withheld" : NULL,
                  keeps ? "kept whole: secrets of your accounts lie in the store (sensitive: keep)"
                        : "withheld: of what is sensitive the store holds a token alone");
}

void mw_doctor_store(mw_doctor *d)
{
    mw_error err = {0};
    const char *path = mw_setup_store_path(&d->setup, &err);
    char folder[4096];
    struct stat s;

    sensitive(d);
    if (!path) {
        mw_doctor_say(d, "store", "path", MW_CHECK_FAIL, 0, "set HOME, or name a file with --store", "%s", err.message);
        return;
    }
    if (mw_store_is_url(path)) {
        on_a_server(d, path);
        return;
    }
    existing_folder(path, folder, sizeof(folder));
    if (stat(path, &s) == 0) {
        mw_doctor_say(d, "store", "path", MW_CHECK_OK, 0, NULL, "%s", path);
        mode(d, &s);
        database(d, path, &s);
    } else if (errno != ENOENT) {
        mw_doctor_say(d, "store", "path", MW_CHECK_FAIL, 0, "give yourself access to it, or use another --store",
                      "%s: %s", path, strerror(errno));
    } else if (access(folder, W_OK | X_OK) != 0) {
        mw_doctor_say(d, "store", "path", MW_CHECK_FAIL, 0, "name a place that can be written with --store",
                      "%s cannot be made: %s: %s", path, folder, strerror(errno));
    } else {
        mw_doctor_say(d, "store", "path", MW_CHECK_OK, 0, NULL, "%s is not there yet: the first sweep makes it", path);
    }
    space(d, folder);
}
