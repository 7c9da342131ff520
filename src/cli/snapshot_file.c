/*
 * `moonward snapshot export` and `import`: one snapshot as one file (docs/internals/store.md). What
 * comes from a file is a stranger's: sizes are checked before anything is read, the digest before
 * anything is unpacked, the shape before anything is stored, and the store takes it whole or not at
 * all. What was carried over from older snapshots is not exported.
 */
#include "cli/commands.h"
#include "cli/coverage.h"
#include "cli/moment.h"
#include "cli/setup.h"
#include "engine/archive.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "store/codec.h"

#include <string.h>
#include <unistd.h>

#define MAGIC      "moonward-snapshot/1\n"
#define HEADER_MAX ((size_t)64 << 10)
#define TEXT_MAX   ((size_t)1 << 30) /* unpacked; packed is smaller */
#define FILE_MAX   (TEXT_MAX + HEADER_MAX)

static const mw_json_options exact = {.exact = true};

/* ---- export ---- */

/* The snapshot as it was collected, and nothing that reading it added. */
static mw_status write_text(const mw_doc *d, const mw_archived *a, mw_buf *out, mw_error *err)
{
    static const char *const kept[] = {"types", "unmodelled", "unsent"};
    mw_doc_builder *b;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "now", a->taken_at);
    for (size_t i = 0; i < MW_COUNT(kept); i++) {
        mw_val v = mw_val_get(a->about, mw_doc_root(a->about), kept[i]);
        if (v == MW_VAL_ABSENT)
            continue;
        mw_doc_ckey(b, kept[i]);
        mw_doc_add_copy(b, a->about, v);
    }
    mw_doc_ckey(b, "notes");
    if (a->notes == MW_VAL_ABSENT)
        mw_doc_add_null(b);
    else
        mw_doc_add_copy(b, a->about, a->notes);
    mw_doc_ckey(b, "worlds");
    mw_doc_add_copy(b, d, mw_val_get(d, mw_doc_root(d), "worlds"));
    mw_doc_end_object(b);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK &&
        mw_json_write(out, mw_doc_view(b), mw_doc_pop(b), MW_JSON_EXACT) != MW_OK)
        st = mw_buf_status(out, err);
    mw_doc_builder_free(b);
    return st;
}

static mw_status write_file(const mw_archived *a, const mw_buf *text, mw_buf *out, mw_error *err)
{
    mw_codec *codec = mw_codec_new();
    uint8_t sha[MW_SHA256_SIZE];
    char hex[2 * MW_SHA256_SIZE + 1];
    const void *packed;
    size_t len;
    mw_status st = codec ? mw_codec_pack(codec, 0, text->data, text->len, &packed, &len, err)
                         : mw_fail(err, MW_ERR_NOMEM, "export: out of memory");

    if (st == MW_OK) {
        mw_sha256(sha, packed, len);
        mw_hex(hex, sha, sizeof(sha));
        mw_buf_puts(out, MAGIC);
        mw_buf_printf(out,
                      "{\"bytes\":%zu,\"digest\":\"%s\",\"id\":\"%s\",\"packed\":%zu,\"sha256\":\"%"
                      "s\",\"taken_at\":\"%s\"}\n",
                      text->len, a->digest, a->id, len, hex, a->taken_at);
        mw_buf_add(out, packed, len, NULL);
        st = mw_buf_status(out, err);
    }
    mw_codec_free(codec);
    return st;
}

static mw_status export(mw_store *store, const char *name, mw_buf *file, mw_error *err)
{
    MW_AUTO(mw_archived) a = {0};
    MW_AUTO(mw_buf) text = {.max = TEXT_MAX};
    const mw_archive_options o = {0};
    mw_doc *d = NULL;
    int fd = -1;
    mw_status st;

    if ((st = mw_archive_load(store, name, &o, &fd, &a, err)) == MW_OK && (st = mw_doc_map(fd, &d, err)) == MW_OK &&
        (st = write_text(d, &a, &text, err)) == MW_OK)
        st = write_file(&a, &text, file, err);
    mw_doc_free(d);
    if (fd >= 0)
        close(fd);
    return st;
}

static int run_export(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) file = {.max = FILE_MAX};
    const char *to = mw_args_get(cli->args, "file");
    char at[MW_TIME_SIZE];
    const char *name;
    mw_store *store = NULL;
    mw_error err = {0};
    mw_status st;

    if ((st = mw_setup_config(&s, cli, &err)) == MW_OK &&
        (st = mw_moment_name(cli->args, mw_args_positional(cli->args, 0), at, &name, &err)) == MW_OK &&
        (st = mw_setup_store(&s, &store, &err)) == MW_OK)
        st = export(store, name, &file, &err);
    mw_store_close(store);
    if (st == MW_OK && to)
        st = mw_file_write_atomic(to, file.data, file.len, 0600, &err);
    if (st != MW_OK)
        return mw_cli_fail(&err);
    return to ? MW_EXIT_OK : mw_cli_print(file.data, file.len, MW_EXIT_OK);
}

/* ---- import: the file ---- */

struct header {
    const char *id, *digest, *taken_at, *sha256; /* in the builder */
    size_t bytes, packed;
};

static bool made_of(const char *s, size_t len, const char *alphabet)
{
    return s && strlen(s) == len && strspn(s, alphabet) == len;
}

static mw_status damaged(const char *what, mw_error *err)
{
    return mw_fail(err, MW_ERR_PARSE, "import: this is no export of a snapshot, or it is damaged: %s", what);
}

static mw_status read_header(mw_doc_builder *b, const mw_buf *file, struct header *h, size_t *at, mw_error *err)
{
    size_t magic = sizeof(MAGIC) - 1, len;
    const char *line, *end;
    int64_t bytes, packed, ns;
    const mw_doc *d = mw_doc_view(b);
    mw_val v;

    if (file->len < magic || memcmp(file->data, MAGIC, magic - 2) != 0)
        return damaged("it does not begin as one", err);
    if (memcmp(file->data, MAGIC, magic) != 0)
        return mw_fail(err, MW_ERR_UNSUPPORTED, "import: the file is of another version than this moonward knows (1)");
    line = file->data + magic;
    len = file->len - magic < HEADER_MAX ? file->len - magic : HEADER_MAX;
    if (!(end = memchr(line, '\n', len)) || mw_json_read(b, line, (size_t)(end - line), NULL, NULL, err) != MW_OK)
        return damaged("its header", err);
    v = mw_doc_pop(b);
    bytes = mw_val_get_int(d, v, "bytes", -1);
    packed = mw_val_get_int(d, v, "packed", -1);
    *h = (struct header){.id = mw_val_get_str(d, v, "id", NULL),
                         .digest = mw_val_get_str(d, v, "digest", NULL),
                         .taken_at = mw_val_get_str(d, v, "taken_at", NULL),
                         .sha256 = mw_val_get_str(d, v, "sha256", NULL)};
    *at = (size_t)(end + 1 - file->data);
    if (!made_of(h->id, MW_ULID_SIZE - 1, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") ||
        !made_of(h->digest, 64, "0123456789abcdef") || !made_of(h->sha256, 64, "0123456789abcdef") || !h->taken_at ||
        mw_time_parse(h->taken_at, strlen(h->taken_at), &ns, NULL) != MW_OK)
        return damaged("the names in its header", err);
    if (bytes <= 0 || packed <= 0 || (uint64_t)bytes > TEXT_MAX || (uint64_t)packed != file->len - *at)
        return damaged("its length", err);
    h->bytes = (size_t)bytes;
    h->packed = (size_t)packed;
    return MW_OK;
}

/* ---- import: the shape ---- */

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

static bool has_shape(const mw_doc *d)
{
    static const char *const of_scope[] = {"account", "region", "partition", "type", "state"};
    static const char *const of_resource[] = {"account", "region", "partition", "type", "id"};
    mw_val root = mw_doc_root(d), worlds = mw_val_get(d, root, "worlds"), world = mw_val_at(d, worlds, 0),
           types = mw_val_get(d, root, "types"), scopes = mw_val_get(d, world, "scopes"),
           resources = mw_val_get(d, world, "resources");

    if (mw_val_kind(d, worlds) != MW_KIND_ARRAY || mw_val_len(d, worlds) != 1 ||
        mw_val_kind(d, types) != MW_KIND_OBJECT || mw_val_kind(d, scopes) != MW_KIND_ARRAY ||
        mw_val_kind(d, resources) != MW_KIND_OBJECT)
        return false;
    for (size_t i = 0; i < mw_val_len(d, scopes); i++)
        if (!has_texts(d, mw_val_at(d, scopes, i), of_scope, MW_COUNT(of_scope)))
            return false;
    for (size_t i = 0; i < mw_val_len(d, resources); i++) {
        mw_val key, list = mw_val_member(d, resources, i, &key);
        if (mw_val_kind(d, list) != MW_KIND_ARRAY || mw_val_get(d, types, mw_val_str(d, key, NULL)) == MW_VAL_ABSENT)
            return false;
        for (size_t k = 0; k < mw_val_len(d, list); k++) {
            mw_val r = mw_val_at(d, list, k);
            if (!has_texts(d, r, of_resource, MW_COUNT(of_resource)) ||
                !mw_val_equal(d, key, d, mw_val_get(d, r, "type")))
                return false;
        }
    }
    return true;
}

static mw_status unpack(const mw_buf *file, const struct header *h, size_t at, mw_doc **out, mw_error *err)
{
    mw_codec *codec = mw_codec_new();
    uint8_t sha[MW_SHA256_SIZE];
    char hex[2 * MW_SHA256_SIZE + 1];
    mw_doc_builder *b = NULL;
    const char *text;
    mw_status st = MW_OK;

    mw_sha256(sha, file->data + at, h->packed);
    mw_hex(hex, sha, sizeof(sha));
    if (!codec)
        st = mw_fail(err, MW_ERR_NOMEM, "import: out of memory");
    else if (strcmp(hex, h->sha256) != 0)
        st = damaged("its SHA-256", err);
    else if ((st = mw_codec_unpack(codec, 0, file->data + at, h->packed, h->bytes, TEXT_MAX, &text, err)) == MW_OK &&
             (st = mw_doc_builder_new(NULL, &b, err)) == MW_OK &&
             (st = mw_json_read(b, text, h->bytes, &exact, NULL, err)) == MW_OK)
        st = mw_doc_finish(b, mw_doc_pop(b), out, err);
    mw_doc_builder_free(b);
    mw_codec_free(codec);
    return st == MW_OK || st == MW_ERR_NOMEM || st == MW_ERR_LIMIT ? st : mw_error_prefix(err, MW_ERR_PARSE, "import");
}

/* ---- import: the store ---- */

static bool take_digest(void *user, const mw_snapshot_info *i)
{
    mw_buf_join(user, i->id, " ", i->digest, NULL);
    return false;
}

/* @p there: this very snapshot is in the store. */
static mw_status look(mw_store *store, const struct header *h, bool *there, mw_error *err)
{
    MW_AUTO(mw_buf) found = {0};
    MW_AUTO(mw_buf) wanted = {0};
    mw_error ignored = {0};
    mw_status st = mw_snapshot_find(store, h->id, take_digest, &found, &ignored);

    *there = false;
    if (st == MW_ERR_NOTFOUND)
        return MW_OK;
    if (st != MW_OK) {
        *err = ignored;
        return st;
    }
    mw_buf_join(&wanted, h->id, " ", h->digest, NULL);
    *there = mw_str_eq(found.data, wanted.data);
    return *there ? MW_OK : mw_fail(err, MW_ERR_CONFLICT, "import: the store has another snapshot %s", h->id);
}

static bool take_id(void *user, const mw_snapshot_info *i)
{
    mw_buf_puts(user, i->id);
    return false;
}

/* A snapshot that is stored whole takes the place of an open one: not of one that a run still writes, or may go on with. */
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

static mw_status put(mw_store *store, const mw_buf *file, const struct header *h, size_t at, mw_snapshot_counts *counts,
                     mw_error *err)
{
    mw_archive_name name = {.id = h->id, .digest = h->digest};
    char digest[2 * MW_SHA256_SIZE + 1];
    mw_doc *d = NULL;
    mw_status st = unpack(file, h, at, &d, err);

    if (st == MW_OK && !has_shape(d))
        st = damaged("what it holds is no snapshot", err);
    if (st == MW_OK && (!mw_str_eq(mw_val_get_str(d, mw_doc_root(d), "now", NULL), h->taken_at) ||
                        mw_snapshot_digest(d, digest, err) != MW_OK || strcmp(digest, h->digest) != 0))
        st = damaged("its digest is not that of its content", err);
    if (st == MW_OK) {
        name.notes_doc = d;
        name.notes = mw_val_get(d, mw_doc_root(d), "notes");
        st = mw_archive_put(store, d, &name, counts, err);
    }
    mw_doc_free(d);
    return st;
}

static int run_import(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) file = {.max = FILE_MAX};
    MW_AUTO(mw_buf) out = {0};
    mw_snapshot_counts counts = {0};
    struct header h = {0};
    mw_doc_builder *b = NULL;
    mw_store *store = NULL;
    const char *path;
    bool there = false;
    size_t at = 0;
    mw_error err = {0};
    mw_status st;

    if ((st = mw_setup_config(&s, cli, &err)) == MW_OK && (st = mw_doc_builder_new(NULL, &b, &err)) == MW_OK &&
        (st = mw_file_read(mw_args_positional(cli->args, 0), &file, &err)) == MW_OK &&
        (st = read_header(b, &file, &h, &at, &err)) == MW_OK) {
        path = mw_setup_store_path(&s, &err);
        st = path ? mw_store_open(path, NULL, &store, &err) : err.status;
    }
    if (st == MW_OK && (st = look(store, &h, &there, &err)) == MW_OK && !there &&
        (st = claim(store, h.id, &err)) == MW_OK)
        st = put(store, &file, &h, at, &counts, &err);
    if (st == MW_OK && there)
        mw_buf_printf(&out, "snapshot %s is there already\n", h.id);
    else if (st == MW_OK)
        mw_buf_printf(&out, "snapshot %s of %s: %zu resources, %zu new, %zu changed, %zu gone\n", h.id, h.taken_at,
                      counts.resources, counts.added, counts.changed, counts.removed);
    mw_store_close(store);
    mw_doc_builder_free(b);
    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

/* ---- the commands ---- */

static const mw_option export_options[] = {
    MW_AT_OPTION,
    {.name = "file", .value = "FILE", .help = "Write it there, whole or not at all, mode 0600 (default: stdout)"},
};

const mw_command mw_command_snapshot_export = {
    .name = "snapshot export",
    .arguments = "[SNAPSHOT]",
    .summary = "Write a snapshot as one file",
    .description = "What the snapshot saw, with its coverage and its unknowns, compressed, with a digest; not "
                   "what it carried over from "
                   "older ones. The file holds the account's documents: keep it as you keep the store.",
    .examples = "moonward snapshot export --file monday.mws\n"
                "moonward snapshot export latest~1 > before.mws\n",
    .options = export_options,
    .option_count = MW_COUNT(export_options),
    .max_args = 1,
    .run = run_export,
};

const mw_command mw_command_snapshot_import = {
    .name = "snapshot import",
    .arguments = "FILE",
    .summary = "Store a snapshot that was exported",
    .description = "It becomes the newest snapshot of the store, whatever its time, so import in "
                   "the order in which they were taken. A "
                   "snapshot that is there already is not stored again. A file that is damaged, or "
                   "no export, changes nothing; nor is anything stored while a run writes, or waits to be gone on "
                   "with.\n\n"
                   "Exit status: 0 stored, or there already; 3 damaged, another snapshot of that "
                   "id, a run that was not ended, or no such file.",
    .examples = "moonward snapshot import monday.mws --store /tmp/elsewhere.db\n",
    .min_args = 1,
    .max_args = 1,
    .run = run_import,
};
