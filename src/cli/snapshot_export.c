/*
 * `moonward snapshot export`: one snapshot as one file (docs/internals/store.md), account by account, so that memory
 * holds one of them. What was carried over from older snapshots is not exported. Each account's digest is computed again:
 * must never end a file that an import would refuse, nor one that somebody pruned away meanwhile.
 */
#include "cli/commands.h"
#include "cli/coverage.h"
#include "cli/moment.h"
#include "cli/setup.h"
#include "engine/archive.h"
#include "engine/archive_file.h"

#include "base/file.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct exporting {
    const mw_cli *cli;
    mw_store *store;
    mw_moment_parts parts;
    mw_archive_writer writer;
    mw_buf text;
};

static mw_status write_value(struct exporting *x, const mw_doc *d, mw_val v, const char *account, const char *digest,
                             mw_error *err)
{
    mw_buf_reset(&x->text);
    if (mw_json_write(&x->text, d, v, MW_JSON_EXACT) != MW_OK)
        return mw_error_prefix(err, mw_buf_status(&x->text, err), "snapshot %s, %s%s", x->parts.id,
                               account ? "account " : "as a whole", account ? account : "");
    return mw_archive_write_frame(&x->writer, account, digest, &x->text, err);
}

/* The head of the file, and its first frame: what is known of the snapshot. */
static mw_status begin(struct exporting *x, const mw_archived *a, mw_error *err)
{
    mw_archive_head head = {.version = 2, .parts = x->parts.count};
    mw_status st;

    snprintf(head.id, sizeof(head.id), "%s", a->id);
    snprintf(head.digest, sizeof(head.digest), "%s", a->digest);
    snprintf(head.taken_at, sizeof(head.taken_at), "%s", a->taken_at);
    if ((st = mw_archive_write_head(&x->writer, &head, err)) == MW_OK)
        st = write_value(x, a->about, mw_doc_root(a->about), NULL, NULL, err);
    return st;
}

/* @p part NULL: the snapshot is in one piece. One part is all of it, whatever its resources call their account. */
static mw_status write_part(struct exporting *x, const struct mw_moment_part *part, bool first, mw_error *err)
{
    MW_AUTO(mw_archived) a = {0};
    const mw_archive_options o = {.account = part && x->parts.count > 1 ? part->account : NULL};
    const char *digest = part ? part->digest : x->parts.digest;
    char is[2 * MW_SHA256_SIZE + 1];
    mw_doc *d = NULL;
    int fd = -1;
    mw_status st;

    if (*x->cli->stop)
        return mw_fail(err, MW_ERR_CANCELLED, "stopped by a signal");
    if ((st = mw_archive_load(x->store, x->parts.id, &o, &fd, &a, err)) != MW_OK ||
        (st = mw_doc_map(fd, &d, err)) != MW_OK || (st = mw_snapshot_digest(d, is, err)) != MW_OK)
        goto out;
    if (!mw_str_eq(is, digest)) {
        st = mw_fail(err, MW_ERR_PARSE, "snapshot %s: %s%s no longer has the digest that it was stored with",
                     x->parts.id, part ? "account " : "what it holds", part ? part->account : "");
        goto out;
    }
    if (!first || (st = begin(x, &a, err)) == MW_OK)
        st = write_value(x, d, mw_val_at(d, mw_val_get(d, mw_doc_root(d), "worlds"), 0), part ? part->account : NULL,
                         part ? digest : NULL, err);
out:
    mw_doc_free(d);
    if (fd >= 0)
        close(fd);
    return st;
}

static mw_status write_all(struct exporting *x, mw_error *err)
{
    mw_status st = MW_OK;

    if (x->parts.count > MW_ARCHIVE_PARTS_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "snapshot %s: more than %d accounts", x->parts.id, MW_ARCHIVE_PARTS_MAX);
    x->text.max = MW_ARCHIVE_TEXT_MAX;
    if (x->parts.count == 0)
        st = write_part(x, NULL, true, err);
    for (size_t i = 0; i < x->parts.count && st == MW_OK; i++)
        st = write_part(x, &x->parts.all[i], i == 0, err);
    return st == MW_OK ? mw_archive_write_end(&x->writer, err) : st;
}

static mw_status write_to(struct exporting *x, const char *path, mw_error *err)
{
    mw_file_new file;
    mw_status st;

    if (!path) {
        x->writer.fd = STDOUT_FILENO;
        x->writer.name = "stdout";
        return write_all(x, err);
    }
    if ((st = mw_file_begin(&file, path, 0600, err)) != MW_OK)
        return st;
    x->writer.fd = file.fd;
    x->writer.name = path;
    return mw_file_end(&file, write_all(x, err), err);
}

static int run(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    struct exporting x = {.cli = cli};
    char at[MW_TIME_SIZE];
    const char *name;
    mw_error err = {0};
    mw_status st;

    if ((st = mw_setup_config(&s, cli, &err)) == MW_OK &&
        (st = mw_moment_name(cli->args, mw_args_positional(cli->args, 0), at, &name, &err)) == MW_OK &&
        (st = mw_setup_store(&s, &x.store, &err)) == MW_OK &&
        (st = mw_moment_find_parts(x.store, name, &s.arena, &x.parts, &err)) == MW_OK)
        st = write_to(&x, mw_args_get(cli->args, "file"), &err);
    mw_archive_writer_clear(&x.writer);
    mw_buf_clear(&x.text);
    mw_store_close(x.store);
    return st == MW_OK ? MW_EXIT_OK : mw_cli_fail(&err);
}

static const mw_option options[] = {
    MW_AT_OPTION,
    {.name = "file", .value = "FILE", .help = "Write it there, whole or not at all, mode 0600 (default: stdout)"},
};

const mw_command mw_command_snapshot_export = {
    .name = "snapshot export",
    .arguments = "[SNAPSHOT]",
    .summary = "Write a snapshot as one file",
    .description =
        "What the snapshot saw, with its coverage and its unknowns, compressed, with digests; not "
        "what it carried over from "
        "older ones. It is written account by account, so an organization takes no more memory than its "
        "largest account. The file holds the accounts' documents: keep it as you keep the store.\n\n"
        "Exit status: 0 written whole; 2 it could not be written to its end, a closed pipe included; 3 no such "
        "snapshot, or it is damaged.",
    .examples = "moonward snapshot export --file monday.mws\n"
                "moonward snapshot export latest~1 > before.mws\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = 1,
    .run = run,
};
