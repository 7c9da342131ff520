/* `moonward collect`: take a snapshot and store it; nothing is judged. */
#include "cli/commands.h"
#include "cli/coverage.h"
#include "cli/take.h"

#include "base/str.h"
#include "report/value.h"

static size_t incomplete(const mw_doc *coverage)
{
    mw_val list = mw_doc_root(coverage);
    size_t n = 0;

    for (size_t i = 0; i < mw_val_len(coverage, list); i++)
        n += !mw_str_eq(mw_val_get_str(coverage, mw_val_at(coverage, list, i), "state", ""),
                        "complete");
    return n;
}

static mw_status write_json(const mw_take *t, const char *id, const mw_snapshot_counts *c,
                            mw_buf *out, mw_error *err)
{
    mw_doc_builder *b;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "schema", "moonward.snapshot/1");
    mw_doc_member_str(b, "id", id);
    mw_doc_member_str(b, "taken_at",
                      mw_val_get_str(t->snapshot, mw_doc_root(t->snapshot), "now", ""));
    mw_doc_member_str(b, "digest", t->digest);
    mw_doc_member_int(b, "resources", (int64_t)c->resources);
    mw_doc_member_int(b, "stale", (int64_t)c->stale);
    mw_doc_member_int(b, "added", (int64_t)c->added);
    mw_doc_member_int(b, "changed", (int64_t)c->changed);
    mw_doc_member_int(b, "removed", (int64_t)c->removed);
    mw_doc_ckey(b, "coverage");
    mw_doc_add_copy(b, t->coverage, mw_doc_root(t->coverage));
    mw_doc_end_object(b);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK)
        st = mw_value_write(out, mw_doc_view(b), mw_doc_pop(b), MW_VALUE_JSON, NULL, err);
    mw_doc_builder_free(b);
    return st;
}

static void write_text(const mw_take *t, const char *id, const mw_snapshot_counts *c, mw_buf *out)
{
    size_t scopes = mw_val_len(t->coverage, mw_doc_root(t->coverage)),
           gaps = incomplete(t->coverage);

    mw_buf_printf(out, "snapshot %s: %zu resources, %zu new, %zu changed, %zu gone\n", id,
                  c->resources, c->added, c->changed, c->removed);
    mw_buf_printf(out, "coverage: %zu of %zu scopes complete", scopes - gaps, scopes);
    if (gaps)
        mw_buf_printf(out, "; %zu resources carried over ('moonward snapshot show' tells why)",
                      c->stale);
    mw_buf_putc(out, '\n');
}

static int finish(const mw_take *t, const char *id, const mw_snapshot_counts *c)
{
    const mw_args *args = t->setup.cli->args;
    bool allow = mw_args_flag(args, "allow-incomplete") ||
                 mw_config_bool(&t->setup.config, "allow_incomplete", false);
    MW_AUTO(mw_buf) out = {.max = (size_t)1 << 30};
    mw_error err = {0};

    if (mw_str_eq(mw_args_get(args, "output"), "json")) {
        if (write_json(t, id, c, &out, &err) != MW_OK)
            return mw_cli_fail(&err);
    } else {
        write_text(t, id, c, &out);
    }
    return mw_cli_print(out.data, out.len,
                        incomplete(t->coverage) && !allow ? MW_EXIT_INCOMPLETE : MW_EXIT_OK);
}

static mw_status perform(mw_take *t, char *id, mw_snapshot_counts *counts, mw_error *err)
{
    const char *path;
    mw_store *store = NULL;
    mw_status st;

    if (!mw_take_stores(t))
        return mw_fail(err, MW_ERR_INVALID,
                       "a replay is stored only where the command line says so: add --store FILE");
    if (!(path = mw_setup_store_path(&t->setup, err)))
        return err->status;
    if ((st = mw_take_collect(t, err)) != MW_OK)
        return st;
    mw_progress_end(&t->progress);
    if ((st = mw_store_open(path, &store, err)) == MW_OK)
        st = mw_take_store(t, store, id, counts, err);
    mw_store_close(store);
    return st;
}

static int run(mw_cli *cli)
{
    mw_take t = {.snapshot_fd = -1};
    mw_snapshot_counts counts;
    char id[MW_ULID_SIZE];
    mw_error err = {0};
    int code;

    if (mw_take_prepare(&t, cli, &err) != MW_OK) {
        code = mw_cli_fail(&err);
    } else if (mw_args_flag(cli->args, "plan")) {
        code = mw_take_print_plan(&t);
    } else if (perform(&t, id, &counts, &err) != MW_OK) {
        mw_progress_end(&t.progress);
        code = mw_cli_fail(&err);
    } else {
        code = finish(&t, id, &counts);
    }
    mw_take_clear(&t);
    return code;
}

static const mw_option options[] = {
    MW_TAKE_PLAN_OPTION,
    {.name = "allow-incomplete", .help = "Do not exit 2 for an incomplete scope"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format on stdout (default: text)"},
};

const mw_command mw_command_collect = {
    .name = "collect",
    .arguments = "[RULES…]",
    .summary = "Take a snapshot and store it, judging nothing",
    .description = "What is collected is what a sweep with the same RULES and options would "
                   "collect: the resource types and facets "
                   "that these rules need. Resources that did not change since an earlier snapshot "
                   "take no further space. What "
                   "could not be read is recorded as unknown, with its cause; what was known of it "
                   "before stays, marked as "
                   "stale.\n\n"
                   "Exit status: 0 complete; 2 a scope is not; 3 usage, configuration or rule "
                   "error; 4 no usable credentials or "
                   "not the expected account.",
    .examples = "moonward collect --region 'eu-*'\n"
                "moonward collect 's3-*' --output json\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = MW_ARGS_ANY,
    .run = run,
};
