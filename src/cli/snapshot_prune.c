/* `moonward snapshot prune` and `snapshot check`: forgetting snapshots, and looking whether the
 * store is sound. */
#include "cli/commands.h"
#include "cli/retention.h"

#include "base/str.h"
#include "base/sys.h"

#include <string.h>

/* ---- prune ---- */

static mw_status write_json(const mw_doomed *d, const mw_snapshot_pruned *p, bool dry, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "schema", "moonward.prune/1");
    mw_doc_member_bool(b, "dry_run", dry);
    mw_doc_member_int(b, "kept", (int64_t)d->kept);
    mw_doc_ckey(b, "snapshots");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < d->count; i++) {
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "id", d->ids[i]);
        mw_doc_member_str(b, "taken_at", d->taken_at[i]);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    if (!dry) {
        mw_doc_member_int(b, "states", (int64_t)p->states);
        mw_doc_member_int(b, "resources", (int64_t)p->resources);
        mw_doc_member_int(b, "runs", (int64_t)p->runs);
    }
    mw_doc_end_object(b);
    st = mw_cli_json(b, out, err);
    mw_doc_builder_free(b);
    return st;
}

static mw_status write_text(const mw_doomed *d, const mw_snapshot_pruned *p, bool dry, mw_buf *out, mw_error *err)
{
    for (size_t i = 0; i < d->count; i++)
        mw_buf_printf(out, "%s  %s\n", d->ids[i], d->taken_at[i]);
    if (dry)
        mw_buf_printf(out, "%zu snapshots would be forgotten, %zu kept\n", d->count, d->kept);
    else
        mw_buf_printf(out, "%zu snapshots forgotten with %zu states of resources, %zu kept\n", d->count, p->states,
                      d->kept);
    return mw_buf_status(out, err);
}

static mw_status limits(const mw_args *args, mw_retention *r, mw_error *err)
{
    const char *keep = mw_args_get(args, "keep"), *age = mw_args_get(args, "older-than");
    long long n;

    *r = (mw_retention){0};
    if (!keep && !age)
        return mw_fail(err, MW_ERR_INVALID, "snapshot prune: expected --keep N, --older-than AGE or both");
    if (keep && (!mw_parse_int(keep, strlen(keep), &n) || n < 1))
        return mw_fail(err, MW_ERR_INVALID, "--keep '%.40s': expected a whole number from 1 on", keep);
    r->keep = keep ? (size_t)n : 0;
    return age ? mw_retention_age(age, &r->older_than_ns, err) : MW_OK;
}

static int run_prune(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_doomed) d = {0};
    MW_AUTO(mw_buf) out = {.max = (size_t)1 << 30};
    bool dry = mw_args_flag(cli->args, "dry-run");
    mw_snapshot_pruned pruned = {0};
    mw_retention r;
    mw_store *store = NULL;
    mw_error err = {0};
    mw_status st;

    if ((st = mw_setup_config(&s, cli, &err)) == MW_OK && (st = limits(cli->args, &r, &err)) == MW_OK &&
        (st = mw_setup_store(&s, &store, &err)) == MW_OK &&
        (st = mw_retention_choose(store, &r, mw_now_ns(), &d, &err)) == MW_OK && !dry)
        st = mw_retention_apply(store, &d, &pruned, &err);
    mw_store_close(store);
    if (st == MW_OK)
        st = mw_str_eq(mw_args_get(cli->args, "output"), "json") ? write_json(&d, &pruned, dry, &out, &err)
                                                                 : write_text(&d, &pruned, dry, &out, &err);
    return st == MW_OK ? mw_cli_print(out.data, out.len, MW_EXIT_OK) : mw_cli_fail(&err);
}

static const mw_option prune_options[] = {
    {.name = "keep", .value = "N", .help = "Keep the newest N, forget the others"},
    {.name = "older-than", .value = "AGE", .help = "Forget what was taken longer ago: 30m, 12h, 90d, 8w"},
    {.name = "dry-run", .help = "Tell what would be forgotten, and forget nothing"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format on stdout (default: text)"},
};

const mw_command mw_command_snapshot_prune = {
    .name = "snapshot prune",
    .summary = "Forget old snapshots and give their space back",
    .description = "With both limits, what either of them would forget goes. The newest snapshot "
                   "always stays, and so does the newest "
                   "one whose coverage is complete. States of resources that a remaining snapshot "
                   "holds stay, whoever saw them first. "
                   "The runs that took them go too, with their findings; when each finding was first seen, and "
                   "whether it was fixed, stays. `retention` in moonward.yaml does the same after each run.",
    .examples = "moonward snapshot prune --keep 30 --dry-run\n"
                "moonward snapshot prune --older-than 90d\n",
    .options = prune_options,
    .option_count = MW_COUNT(prune_options),
    .run = run_prune,
};

/* ---- check ---- */

static int run_check(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    mw_store *store = NULL;
    mw_error err = {0};
    static const char sound[] = "the store is sound\n";
    mw_status st;

    if ((st = mw_setup_config(&s, cli, &err)) == MW_OK && (st = mw_setup_store(&s, &store, &err)) == MW_OK)
        st = mw_snapshots_check(store, &err);
    mw_store_close(store);
    return st == MW_OK ? mw_cli_print(sound, strlen(sound), MW_EXIT_OK) : mw_cli_fail(&err);
}

const mw_command mw_command_snapshot_check = {
    .name = "snapshot check",
    .summary = "Read the whole store and hash every document again",
    .description = "Looks at every page of the file, hashes every document again, and checks that "
                   "what says from when to when it held "
                   "fits together. The first fault is told. A damaged store is moved away (or "
                   "named no longer): the next run makes a "
                   "new one; a copy of an older day still has its history.\n\n"
                   "Exit status: 0 sound; 3 damaged, or no such store.",
    .examples = "moonward snapshot check --store /var/lib/moonward/moonward.db\n",
    .run = run_check,
};
