/*
 * Opening packs, and the way back from a service to its pack.
 *
 * A pack is bytes that are never written, so a record cannot point at its mw_models: open packs are
 * kept in one short list, looked up by address. Openings of the same bytes share a handle, so that
 * the answer of that look-up never depends on which of them is closed first. The list is the only
 * mutable state of this floor; it has a lock, and readers of shapes never touch it.
 */
#include "model/pack.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_rwlock_t open_lock = PTHREAD_RWLOCK_INITIALIZER;
static mw_models *open_packs;

/* Under the lock. */
static mw_models *find_bytes(const void *bytes, size_t size)
{
    for (mw_models *m = open_packs; m; m = m->next) {
        if ((const void *)m->header == bytes && m->header->size == size && !m->mapped)
            return m;
    }
    return NULL;
}

static mw_status open_bytes(const void *bytes, size_t size, bool trusted, void *mapped, mw_models **out, mw_error *err)
{
    const mw_pack_header *h = bytes;
    mw_models *m = NULL;
    mw_status st = MW_OK;

    *out = NULL;
    pthread_rwlock_wrlock(&open_lock);
    if (!mapped && (m = find_bytes(bytes, size)) != NULL)
        m->references++;
    pthread_rwlock_unlock(&open_lock);
    if (m) {
        *out = m;
        return MW_OK;
    }

    if (!trusted && (st = mw__pack_check(bytes, size, err)) != MW_OK)
        return st;
    m = mw_alloc(sizeof(*m));
    if (!m)
        return mw_fail(err, MW_ERR_NOMEM, "model pack: out of memory");
    m->header = h;
    m->mapped = mapped;
    m->references = 1;
    if (trusted)
        st = mw_doc_open_trusted(mw__pack_table(h, MW_PACK_DOC), h->tables[MW_PACK_DOC].count, &m->doc, err);
    else
        st = mw_doc_open(mw__pack_table(h, MW_PACK_DOC), h->tables[MW_PACK_DOC].count, &m->doc, err);
    if (st != MW_OK) {
        mw_free(m);
        return mw_error_prefix(err, st, "model pack: document");
    }
    pthread_rwlock_wrlock(&open_lock);
    m->next = open_packs;
    open_packs = m;
    pthread_rwlock_unlock(&open_lock);
    *out = m;
    return MW_OK;
}

mw_status mw_models_open(const void *bytes, size_t size, mw_models **out, mw_error *err)
{
    return open_bytes(bytes, size, false, NULL, out, err);
}

mw_status mw__models_open_trusted(const void *bytes, size_t size, mw_models **out, mw_error *err)
{
    return open_bytes(bytes, size, true, NULL, out, err);
}

mw_status mw_models_open_file(const char *path, mw_models **out, mw_error *err)
{
    struct stat info;
    void *mapped = MAP_FAILED;
    size_t size = 0;
    mw_status st;
    int fd;

    *out = NULL;
    fd = mw_sys.open_fn(mw_sys.ctx, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return mw_fail(err, errno == ENOENT ? MW_ERR_NOTFOUND : MW_ERR_IO, "model pack %s: %s", path, strerror(errno));
    if (fstat(fd, &info) != 0) {
        st = mw_fail(err, MW_ERR_IO, "model pack %s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(info.st_mode) || info.st_size <= 0 || info.st_size > UINT32_MAX) {
        st = mw_fail(err, MW_ERR_PARSE, "model pack %s: not a pack", path);
        goto out;
    }
    size = (size_t)info.st_size;
    mapped = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED) {
        st = mw_fail(err, MW_ERR_IO, "model pack %s: %s", path, strerror(errno));
        goto out;
    }
    st = open_bytes(mapped, size, false, mapped, out, err);
    if (st != MW_OK)
        mw_error_prefix(err, st, "%s", path);
    else
        mapped = MAP_FAILED;
out:
    if (mapped != MAP_FAILED)
        munmap(mapped, size);
    close(fd);
    return st;
}

void mw_models_free(mw_models *m)
{
    bool last;

    if (!m)
        return;
    pthread_rwlock_wrlock(&open_lock);
    last = --m->references == 0;
    for (mw_models **at = &open_packs; last && *at; at = &(*at)->next) {
        if (*at == m) {
            *at = m->next;
            break;
        }
    }
    pthread_rwlock_unlock(&open_lock);
    if (!last)
        return;
    mw_doc_free(m->doc);
    if (m->mapped)
        munmap(m->mapped, m->header->size);
    mw_free(m);
}

const mw_models *mw_service_models(const mw_service *s)
{
    uintptr_t at = (uintptr_t)s;
    const mw_models *m;

    pthread_rwlock_rdlock(&open_lock);
    for (m = open_packs; m; m = m->next) {
        uintptr_t start = (uintptr_t)m->header;

        if (at >= start && at - start < m->header->size)
            break;
    }
    pthread_rwlock_unlock(&open_lock);
    assert(m && "a service outlived its pack");
    return m;
}

const char *mw_models_botocore_version(const mw_models *m)
{
    return mw__follow(&m->header->botocore_version);
}

size_t mw_models_size_bytes(const mw_models *m)
{
    return m->header->size;
}

size_t mw_models_service_count(const mw_models *m)
{
    return m->header->tables[MW_PACK_SERVICES].count;
}

const mw_service *mw_models_service_at(const mw_models *m, size_t i)
{
    const mw_service *all = mw__pack_table(m->header, MW_PACK_SERVICES);

    return i < mw_models_service_count(m) ? all + i : NULL;
}

const mw_service *mw_models_service(const mw_models *m, const char *name)
{
    const mw_service *all = mw__pack_table(m->header, MW_PACK_SERVICES);
    size_t low = 0, high = mw_models_service_count(m);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, mw__follow(&all[middle].name));

        if (order == 0)
            return all + middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const mw_doc *mw_models_doc(const mw_models *m)
{
    return m->doc;
}

mw_val mw_models_partitions(const mw_models *m)
{
    return mw_val_get(m->doc, mw_doc_root(m->doc), "partitions");
}

mw_val mw_models_regions(const mw_models *m)
{
    return mw_val_get(m->doc, mw_doc_root(m->doc), "regions");
}

mw_val mw__service_doc(const mw_service *s, const mw_models **models)
{
    const mw_models *m = mw_service_models(s);
    mw_val services = mw_val_get(m->doc, mw_doc_root(m->doc), "services");

    *models = m;
    return mw_val_get(m->doc, services, mw_service_name(s));
}
