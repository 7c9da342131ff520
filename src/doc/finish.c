/*
 * The finished block: laying it out, sealing it in a memfd, opening it again. A block made here opens
 * in constant time; one from elsewhere is checked completely in open.c first. Nothing here writes to a
 * block after it was made.
 */
#include "doc/builder.h"

#include "base/mem.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

uint32_t mw__doc_hash_check(void)
{
    return mw__doc_hash(DOC_MAGIC "moonward document", sizeof DOC_MAGIC "moonward document" - 1);
}

size_t mw__doc_block_size(const mw_doc *d)
{
    return sizeof(doc_header) + (size_t)d->n_pool * 8 +
           4 * ((size_t)d->n_words + d->n_atoms + 1 + mw__slots_for(d->n_atoms) + d->n_shapes) + d->n_text;
}

uint64_t mw__doc_serial(void)
{
    static atomic_uint_fast64_t last;

    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

void mw__doc_attach(mw_doc *d, const void *bytes, size_t size)
{
    const doc_header *h = bytes;

    d->serial = mw__doc_serial();
    d->bytes = bytes;
    d->size = size;
    d->root = h->root;
    d->n_pool = h->n_pool;
    d->n_words = h->n_words;
    d->n_atoms = h->n_atoms;
    d->n_slots = h->n_slots;
    d->n_shapes = h->n_shapes;
    d->n_text = h->n_text;
    d->pool = (const uint64_t *)(h + 1);
    d->words = (const uint32_t *)(d->pool + d->n_pool);
    d->offsets = d->words + d->n_words;
    d->slots = d->offsets + d->n_atoms + 1;
    d->shapes = d->slots + d->n_slots;
    d->text = (const char *)(d->shapes + d->n_shapes);
}

static void *put(void *to, const void *from, size_t size)
{
    if (size)
        memcpy(to, from, size);
    return (char *)to + size;
}

/* Lay the builder's document out at @p out, which has room for mw__doc_block_size() bytes. */
static void lay_out(const mw_doc_builder *b, mw_val root, void *out)
{
    const mw_doc *v = &b->view;
    doc_header h = {.version = DOC_VERSION,
                    .endian = DOC_ENDIAN,
                    .hash_check = mw__doc_hash_check(),
                    .root = root,
                    .n_pool = v->n_pool,
                    .n_words = v->n_words,
                    .n_atoms = v->n_atoms,
                    .n_slots = mw__slots_for(v->n_atoms),
                    .n_shapes = v->n_shapes,
                    .n_text = v->n_text};
    uint32_t *slots, i, at, zero = 0;

    memcpy(h.magic, DOC_MAGIC, sizeof h.magic);
    out = put(out, &h, sizeof h);
    out = put(out, b->pool, (size_t)v->n_pool * 8);
    out = put(out, b->words, (size_t)v->n_words * 4);
    out = v->n_atoms ? put(out, b->offsets, ((size_t)v->n_atoms + 1) * 4) : put(out, &zero, 4);
    slots = out;
    memset(slots, 0, (size_t)h.n_slots * 4);
    for (i = 0; i < v->n_atoms; i++) {
        at = mw__slot_home(b->hashes[i], h.n_slots);
        while (slots[at])
            at = at + 1 == h.n_slots ? 0 : at + 1;
        slots[at] = mw__slot_make(b->hashes[i], i);
    }
    out = put(slots + h.n_slots, b->shapes, (size_t)v->n_shapes * 4);
    put(out, b->text, v->n_text);
}

static mw_status ready(mw_doc_builder *b, mw_val *root, mw_error *err)
{
    size_t size;

    if (b->status != MW_OK)
        return mw_doc_builder_status(b, err);
    if (b->n_frames)
        return mw_fail(err, MW_ERR_INVALID, "a document was finished with a container still open");
    if (*root == V_ABSENT)
        *root = V_NULL;
    size = mw__doc_block_size(&b->view);
    if (size > b->max_bytes)
        return mw_fail(err, MW_ERR_LIMIT, "a document of %zu bytes is over its ceiling of %zu bytes", size,
                       b->max_bytes);
    return MW_OK;
}

mw_status mw_doc_finish(mw_doc_builder *b, mw_val root, mw_doc **out, mw_error *err)
{
    /* the block follows the handle in one allocation */
    size_t handle = (sizeof(mw_doc) + 15) & ~(size_t)15, size;
    mw_status st;
    char *memory;

    *out = NULL;
    if ((st = ready(b, &root, err)) != MW_OK)
        return st;
    size = mw__doc_block_size(&b->view);
    memory = mw_realloc(NULL, handle + size);
    if (!memory)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a document of %zu bytes", size);
    memset(memory, 0, handle);
    lay_out(b, root, memory + handle);
    *out = (mw_doc *)(void *)memory;
    mw__doc_attach(*out, memory + handle, size);
    return MW_OK;
}

mw_status mw_doc_finish_memfd(mw_doc_builder *b, mw_val root, int *fd, mw_error *err)
{
    void *map = MAP_FAILED;
    int made = -1;
    mw_status st;
    size_t size;

    *fd = -1;
    if ((st = ready(b, &root, err)) != MW_OK)
        return st;
    size = mw__doc_block_size(&b->view);
    made = memfd_create("moonward-document", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (made < 0 || ftruncate(made, (off_t)size) != 0) {
        st = mw_fail(err, MW_ERR_IO, "cannot make a memory file of %zu bytes: %s", size, strerror(errno));
        goto out;
    }
    map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
    if (map == MAP_FAILED) {
        st = mw_fail(err, MW_ERR_NOMEM, "cannot map a document of %zu bytes: %s", size, strerror(errno));
        goto out;
    }
    lay_out(b, root, map);
    munmap(map, size); /* a writable mapping would refuse the write seal */
    if (fcntl(made, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        st = mw_fail(err, MW_ERR_IO, "cannot seal a document: %s", strerror(errno));
        goto out;
    }
    *fd = made;
    made = -1;
out:
    if (made >= 0)
        close(made);
    return st;
}

mw_status mw_doc_map(int fd, mw_doc **out, mw_error *err)
{
    struct stat info;
    mw_status st;
    void *map;

    *out = NULL;
    if (fstat(fd, &info) != 0)
        return mw_fail(err, MW_ERR_IO, "cannot size a document: %s", strerror(errno));
    if (info.st_size <= 0)
        return mw_fail(err, MW_ERR_PARSE, "a document is empty");
    map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return mw_fail(err, MW_ERR_IO, "cannot map a document: %s", strerror(errno));
    st = mw_doc_open_trusted(map, (size_t)info.st_size, out, err);
    if (st != MW_OK)
        munmap(map, (size_t)info.st_size);
    else
        (*out)->mapped = map;
    return st;
}

void mw_doc_free(mw_doc *d)
{
    if (!d)
        return;
    if (d->mapped)
        munmap(d->mapped, d->size);
    mw_free(d);
}
