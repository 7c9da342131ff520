/*
 * `moonward snapshot import`: an export into the store (docs/internals/store.md). What comes from a file is a stranger's:
 * frames are proven before they are unpacked, the shape is looked at before anything is stored, digests are
 * computed again. All parts are put in one transaction that the end of the file must confirm: the store takes the
 * snapshot whole or not at all, at whatever instant this ends.
 */
#include "cli/commands.h"
#include "cli/coverage.h"
#include "cli/parts_digest.h"
#include "cli/setup.h"
#include "engine/archive.h"
#include "engine/archive_file.h"

#include "base/str.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct importing {
    mw_store *store;
    mw_archive_reader in;
    mw_archive_frame frame; /* the one under way */
    mw_doc *about;          /* version 2: what is known of the snapshot */
    mw_parts_digest digests;
    size_t parts;
    bool there; /* this very snapshot is in the store */
    mw_snapshot_counts counts;
};

static const mw_json_options exact = {.exact = true};

/* ---- a frame as a document ---- */

static bool has_texts(const mw_doc *d, mw_val v, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *s = mw_val_str(d, mw_val_get(d, v, names[i]), &len);
        if (!s || len == 0 || len > 4096 || strlen(s) != len)
            return false;
    }
    return mw_val_kind(d, v) == MW_KIND_OBJECT;
}

/* Of a part of several: a row of another account would be nobody's. */
static bool is_of(const mw_doc *d, mw_val row, const char *account)
{
    return !account || mw_str_eq(mw_val_get_str(d, row, "account", NULL), account);
}

/* Rows are in the order of these texts, no two alike: a store has them so, and puts no others. */
static bool follows(const mw_doc *d, mw_val before, mw_val row, const char *const *names, size_t count)
{
    int order = before == MW_VAL_ABSENT ? -1 : 0;

    for (size_t i = 0; i < count && order == 0; i++)
        order = strcmp(mw_val_get_str(d, before, names[i], ""), mw_val_get_str(d, row, names[i], ""));
    return order < 0;
}

static bool has_shape(const mw_doc *d, const char *account)
{
    static const char *const by_scope[] = {"account", "region", "type", "facet"};
    static const char *const by_resource[] = {"account", "region", "id"};
    static const char *const of_scope[] = {"account", "region", "partition", "type", "state"};
    static const char *const of_resource[] = {"account", "region", "partition", "type", "id"};
    mw_val root = mw_doc_root(d), worlds = mw_val_get(d, root, "worlds"), world = mw_val_at(d, worlds, 0),
           types = mw_val_get(d, root, "types"), scopes = mw_val_get(d, world, "scopes"),
           resources = mw_val_get(d, world, "resources");

    if (mw_val_kind(d, worlds) != MW_KIND_ARRAY || mw_val_len(d, worlds) != 1 ||
        mw_val_kind(d, types) != MW_KIND_OBJECT || mw_val_kind(d, scopes) != MW_KIND_ARRAY ||
        mw_val_kind(d, resources) != MW_KIND_OBJECT)
        return false;
    for (size_t i = 0; i < mw_val_len(d, scopes); i++) {
        mw_val s = mw_val_at(d, scopes, i), before = i ? mw_val_at(d, scopes, i - 1) : MW_VAL_ABSENT;
        if (!has_texts(d, s, of_scope, MW_COUNT(of_scope)) || !is_of(d, s, account) ||
            !follows(d, before, s, by_scope, MW_COUNT(by_scope)))
            return false;
    }
    for (size_t i = 0; i < mw_val_len(d, resources); i++) {
        mw_val key, list = mw_val_member(d, resources, i, &key);
        if (mw_val_kind(d, list) != MW_KIND_ARRAY || mw_val_get(d, types, mw_val_str(d, key, NULL)) == MW_VAL_ABSENT)
            return false;
        for (size_t k = 0; k < mw_val_len(d, list); k++) {
            mw_val r = mw_val_at(d, list, k), before = k ? mw_val_at(d, list, k - 1) : MW_VAL_ABSENT;
            if (!has_texts(d, r, of_resource, MW_COUNT(of_resource)) || !is_of(d, r, account) ||
                !follows(d, before, r, by_resource, MW_COUNT(by_resource)) ||
                !mw_val_equal(d, key, d, mw_val_get(d, r, "type")))
                return false;
        }
    }
    return true;
}

static bool is_of_time(const mw_doc *d, const char *taken_at)
{
    mw_val root = mw_doc_root(d), world = mw_val_at(d, mw_val_get(d, root, "worlds"), 0);

    return mw_str_eq(mw_val_get_str(d, root, "now", NULL), taken_at) &&
           mw_str_eq(mw_val_get_str(d, world, "now", NULL), taken_at);
}

/* Push what the frame's text says. */
static mw_status read_text(const struct importing *x, mw_doc_builder *b, mw_error *err)
{
    mw_status st = mw_json_read(b, x->frame.text, x->frame.len, &exact, NULL, err);

    return st == MW_OK || st == MW_ERR_NOMEM || st == MW_ERR_LIMIT ? st : mw_error_prefix(err, MW_ERR_PARSE, "import");
}

/* The snapshot that a world is, with what is known of it. */
static mw_status add_world(const struct importing *x, mw_doc_builder *b, mw_error *err)
{
    static const char *const known[] = {"types", "unmodelled", "unsent"};
    mw_status st;

    mw_doc_begin_object(b);
    mw_doc_member_str(b, "now", x->in.head.taken_at);
    for (size_t i = 0; i < MW_COUNT(known); i++) {
        mw_val v = mw_val_get(x->about, mw_doc_root(x->about), known[i]);
        if (v == MW_VAL_ABSENT)
            continue;
        mw_doc_ckey(b, known[i]);
        mw_doc_add_copy(b, x->about, v);
    }
    mw_doc_ckey(b, "worlds");
    mw_doc_begin_array(b);
    if ((st = read_text(x, b, err)) != MW_OK)
        return st;
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    return MW_OK;
}

/* @p world: the frame is one, else it is a document of its own. */
static mw_status to_doc(const struct importing *x, bool world, mw_doc **out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st == MW_OK && (st = world ? add_world(x, b, err) : read_text(x, b, err)) == MW_OK)
        st = mw_doc_finish(b, mw_doc_pop(b), out, err);
    mw_doc_builder_free(b);
    return st;
}

/* ---- the store ---- */

static bool take_digest(void *user, const mw_snapshot_info *i)
{
    mw_buf_join(user, i->id, " ", i->digest, NULL);
    return false;
}

static mw_status look(struct importing *x, mw_error *err)
{
    const mw_archive_head *h = &x->in.head;
    MW_AUTO(mw_buf) found = {0};
    MW_AUTO(mw_buf) wanted = {0};
    mw_error none = {0};
    mw_status st = mw_snapshot_find(x->store, h->id, take_digest, &found, &none);

    if (st == MW_ERR_NOTFOUND)
        return MW_OK;
    if (st != MW_OK) {
        *err = none;
        return st;
    }
    mw_buf_join(&wanted, h->id, " ", h->digest, NULL);
    x->there = mw_str_eq(found.data, wanted.data);
    return x->there ? MW_OK : mw_fail(err, MW_ERR_CONFLICT, "import: the store has another snapshot %s", h->id);
}

static bool take_id(void *user, const mw_snapshot_info *i)
{
    mw_buf_puts(user, i->id);
    return false;
}

/* An import is the youngest snapshot and would take the place of an open one: not of one that a run still writes, or may
 * go on with. */
static mw_status claim(mw_store *store, const char *id, mw_error *err)
{
    MW_AUTO(mw_buf) open = {0};
    char holder[MW_STORE_HOLDER_SIZE];
    mw_error none = {0};
    mw_status st = mw_store_claim(store, id, NULL, 0, false, holder, err);

    if (st != MW_OK)
        return mw_error_prefix(err, st, "import");
    st = mw_snapshot_find_open(store, take_id, &open, &none);
    if (st == MW_OK)
        return mw_fail(err, MW_ERR_CONFLICT,
                       "import: run %s was not ended: go on with it (--resume), or replace it, first", open.data);
    if (st == MW_ERR_NOTFOUND)
        return MW_OK;
    *err = none;
    return st;
}

/* A frame with resources: an account, or all of the snapshot. Notes go with the first. */
static mw_status put_frame(struct importing *x, mw_error *err)
{
    const mw_archive_head *h = &x->in.head;
    const char *account = h->parts ? x->frame.account : NULL, *wanted = h->parts ? x->frame.digest : h->digest;
    mw_archive_name name = {.id = h->id, .digest = wanted};
    char digest[2 * MW_SHA256_SIZE + 1];
    mw_doc *d = NULL;
    mw_status st = to_doc(x, h->version > 1, &d, err);

    if (st != MW_OK)
        return st;
    if (!has_shape(d, h->parts > 1 ? account : NULL))
        st = mw_archive_damaged("what it holds is no snapshot", err);
    else if (!is_of_time(d, h->taken_at))
        st = mw_archive_damaged("its time is not that of its content", err);
    else if ((st = mw_snapshot_digest(d, digest, err)) == MW_OK && !mw_str_eq(digest, wanted))
        st = mw_archive_damaged("its digest is not that of its content", err);
    if (st == MW_OK && x->parts == 0) {
        name.notes_doc = x->about ? x->about : d;
        name.notes = mw_val_get(name.notes_doc, mw_doc_root(name.notes_doc), "notes");
    }
    if (st == MW_OK)
        st = account ? mw_archive_put_part(x->store, d, &name, account, err)
                     : mw_archive_put(x->store, d, &name, &x->counts, err);
    if (st == MW_OK && account)
        mw_parts_digest_add(&x->digests, account, digest);
    x->parts++;
    mw_doc_free(d);
    return st;
}

/* From the frame under way to the end of the file, which proves that it was whole. */
static mw_status put_all(struct importing *x, mw_error *err)
{
    const mw_archive_head *h = &x->in.head;
    char digest[2 * MW_SHA256_SIZE + 1];
    mw_status st = MW_OK;

    while (st == MW_OK && x->frame.text)
        if ((st = put_frame(x, err)) == MW_OK)
            st = mw_archive_read_frame(&x->in, &x->frame, err);
    if (st != MW_OK || h->parts == 0 || (st = mw_parts_digest_end(&x->digests, digest, err)) != MW_OK)
        return st;
    if (!mw_str_eq(digest, h->digest))
        return mw_archive_damaged("its digest is not that of its accounts", err);
    return mw_snapshot_publish(x->store, h->id, h->digest, &x->counts, err);
}

/* The first frame with resources is in hand before others have to wait for the store. */
static mw_status put(struct importing *x, mw_error *err)
{
    mw_status st = mw_archive_read_frame(&x->in, &x->frame, err);

    if (st == MW_OK && x->in.head.version > 1 && (st = to_doc(x, false, &x->about, err)) == MW_OK)
        st = mw_archive_read_frame(&x->in, &x->frame, err);
    if (st != MW_OK || (st = mw_store_begin(x->store, err)) != MW_OK)
        return st;
    return mw_store_end(x->store, put_all(x, err), err);
}

/* ---- the command ---- */

static mw_status open_file(struct importing *x, const char *path, mw_error *err)
{
    x->in.name = path;
    if (mw_str_eq(path, "-")) {
        x->in.fd = STDIN_FILENO;
        x->in.name = "stdin";
        return MW_OK;
    }
    x->in.fd = mw_sys.open_fn(mw_sys.ctx, path, O_RDONLY | O_CLOEXEC, 0);
    if (x->in.fd >= 0)
        return MW_OK;
    return mw_fail(err, errno == ENOENT || errno == ENOTDIR ? MW_ERR_NOTFOUND : MW_ERR_IO, "cannot open %s: %s", path,
                   strerror(errno));
}

static mw_status import(struct importing *x, mw_setup *s, mw_error *err)
{
    const char *path;
    mw_status st;

    if ((st = mw_setup_config(s, s->cli, err)) != MW_OK ||
        (st = open_file(x, mw_args_positional(s->cli->args, 0), err)) != MW_OK ||
        (st = mw_archive_read_head(&x->in, err)) != MW_OK)
        return st;
    if (!(path = mw_setup_store_path(s, err)))
        return err->status;
    if ((st = mw_store_open(path, NULL, &x->store, err)) != MW_OK || (st = look(x, err)) != MW_OK || x->there ||
        (st = claim(x->store, x->in.head.id, err)) != MW_OK)
        return st;
    return put(x, err);
}

static int run(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {.cli = cli};
    MW_AUTO(mw_buf) out = {0};
    struct importing x = {.in = {.fd = -1, .stop = cli->stop}};
    mw_error err = {0};
    mw_status st = import(&x, &s, &err);

    if (st == MW_OK && x.there)
        mw_buf_printf(&out, "snapshot %s is there already\n", x.in.head.id);
    else if (st == MW_OK)
        mw_buf_printf(&out, "snapshot %s of %s: %zu resources, %zu new, %zu changed, %zu gone\n", x.in.head.id,
                      x.in.head.taken_at, x.counts.resources, x.counts.added, x.counts.changed, x.counts.removed);
    if (x.in.fd > STDIN_FILENO)
        close(x.in.fd);
    mw_archive_reader_clear(&x.in);
    mw_doc_free(x.about);
    mw_buf_clear(&x.digests.lines);
    mw_store_close(x.store);
    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

const mw_command mw_command_snapshot_import = {
    .name = "snapshot import",
    .arguments = "FILE",
    .summary = "Store a snapshot that was exported",
    .description =
        "FILE may be a pipe, or - for stdin. It becomes the newest snapshot of the store, whatever its time, so "
        "import in "
        "the order in which they were taken. A "
        "snapshot that is there already is not stored again. A file that is damaged, or "
        "no export, changes nothing; nor is anything stored while a run writes, or waits to be gone on "
        "with.\n\n"
        "Exit status: 0 stored, or there already; 3 damaged, another snapshot of that "
        "id, a run that was not ended, or no such file.",
    .examples = "moonward snapshot import monday.mws --store /tmp/elsewhere.db\n"
                "ssh bastion moonward snapshot export | moonward snapshot import -\n",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
