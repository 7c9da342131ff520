/*
 * Running rule and fixture files in a worker, for what they declare. Each file gets exactly one
 * answer, in order: what it declares, or why it cannot be loaded, also when it killed its worker.
 */
#include "engine/worker.h"

#include "base/str.h"

#include <string.h>
#include <unistd.h>

struct loading {
    const mw_source_file *files;
    void *user;
    mw_status (*on_record)(void *user, const mw_record *r, mw_error *err);
};

static mw_status on_record(void *user, size_t slot, const mw_record *r, mw_error *err)
{
    struct loading *l = user;

    (void)slot;
    return l->on_record(l->user, r, err);
}

static mw_status on_lost(void *user, size_t slot, mw_position p, const char *why, mw_error *err)
{
    struct loading *l = user;
    const mw_record r = {.kind = MW_RECORD_FAILED, .item = p.item, .count = 1, .text = {mw_str_of(why)}};

    (void)slot;
    return l->on_record(l->user, &r, err);
}

mw_status mw__load_files(const char *mode, const mw_source_file *files, size_t count, void *user,
                         mw_status (*record)(void *user, const mw_record *r, mw_error *err), mw_error *err)
{
    struct loading l = {.files = files, .user = user, .on_record = record};
    mw_work work = {0};
    mw_doc *bundle = NULL;
    int fd = -1;
    mw_status st = mw__bundle_files(mode, files, count, &fd, err);

    if (st == MW_OK)
        st = mw_doc_map(fd, &bundle, err);
    if (st == MW_OK)
        st = mw_work_init(&work, bundle, NULL, err);
    if (st == MW_OK && count > 0) {
        mw_pool pool = {.work = &work,
                        .snapshot_fd = -1,
                        .bundle_fd = fd,
                        .workers = 1,
                        .hard_ms = 500,
                        .user = &l,
                        .on_record = on_record,
                        .on_lost = on_lost};
        st = mw__pool_run(&pool, err);
    }
    mw_work_clear(&work);
    mw_doc_free(bundle);
    if (fd >= 0)
        close(fd);
    return st;
}
