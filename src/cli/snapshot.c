/* `moonward snapshot list|show`: what is stored, from all snapshots down to one document. */
#include "cli/commands.h"
#include "cli/coverage.h"
#include "cli/moment.h"
#include "cli/setup.h"
#include "cli/stored.h"

#include "base/log.h"
#include "base/str.h"
#include "report/term.h"
#include "store/snapshots.h"

#include <string.h>

/** What the rows are gathered into. */
struct shown {
    const mw_args *args;
    mw_doc_builder *b;
    mw_buf *text;
    mw_error *err;
    mw_status st;
    size_t count;
};

static const mw_json_options exact = {.exact = true};

static void add_info(mw_doc_builder *b, const mw_snapshot_info *i)
{
    mw_doc_member_str(b, "id", i->id);
    mw_doc_member_str(b, "taken_at", i->taken_at);
    mw_doc_member_str(b, "digest", i->digest);
    mw_doc_member_int(b, "resources", (int64_t)i->counts.resources);
    mw_doc_member_int(b, "stale", (int64_t)i->counts.stale);
    mw_doc_member_int(b, "added", (int64_t)i->counts.added);
    mw_doc_member_int(b, "changed", (int64_t)i->counts.changed);
    mw_doc_member_int(b, "removed", (int64_t)i->counts.removed);
}

static int print(struct shown *w, bool json, mw_status st)
{
    mw_error *err = w->err;
    int code;

    if (st == MW_OK && json)
        st = mw_cli_json(w->b, w->text, err);
    if (st == MW_OK)
        st = mw_buf_status(w->text, err);
    code = st == MW_OK ? mw_cli_print(w->text->data ? w->text->data : "", w->text->len, MW_EXIT_OK) : mw_cli_fail(err);
    mw_doc_builder_free(w->b);
    return code;
}

/* ---- list ---- */

static bool list_row(void *user, const mw_snapshot_info *i)
{
    struct shown *w = user;

    if (w->count++ == 0)
        mw_buf_printf(w->text, "%-26s  %-20s  %9s  %9s  %9s  %9s  %9s\n", "ID", "TAKEN AT", "RESOURCES", "STALE", "NEW",
                      "CHANGED", "GONE");
    mw_buf_printf(w->text, "%-26s  %-20s  %9zu  %9zu  %9zu  %9zu  %9zu\n", i->id, i->taken_at, i->counts.resources,
                  i->counts.stale, i->counts.added, i->counts.changed, i->counts.removed);
    mw_doc_begin_object(w->b);
    add_info(w->b, i);
    mw_doc_end_object(w->b);
    return true;
}

static int run_list(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) text = {.max = (size_t)1 << 30};
    bool json = mw_str_eq(mw_args_get(cli->args, "output"), "json");
    mw_error err = {0};
    struct shown w = {.args = cli->args, .text = &text, .err = &err};
    mw_store *store = NULL;
    mw_status st;

    if ((st = mw_setup_config(&s, cli, &err)) == MW_OK && (st = mw_doc_builder_new(NULL, &w.b, &err)) == MW_OK &&
        (st = mw_setup_store(&s, &store, &err)) == MW_OK) {
        mw_doc_begin_object(w.b);
        mw_doc_member_str(w.b, "schema", "moonward.snapshots/1");
        mw_doc_ckey(w.b, "snapshots");
        mw_doc_begin_array(w.b);
        st = mw_snapshots_list(store, list_row, &w, &err);
        mw_doc_end_array(w.b);
        mw_doc_end_object(w.b);
        if (w.count == 0)
            mw_buf_puts(&text, "no snapshots yet: 'moonward collect' takes one\n");
    }
    mw_store_close(store);
    if (json)
        mw_buf_reset(&text);
    return print(&w, json, st);
}

/* ---- show: a snapshot ---- */

static bool show_info(void *user, const mw_snapshot_info *i)
{
    struct shown *w = user;

    mw_buf_printf(w->text, "snapshot   %s\ntaken at   %s\ndigest     %s\n", i->id, i->taken_at, i->digest);
    mw_buf_printf(w->text, "resources  %zu, and %zu carried over from older snapshots\n", i->counts.resources,
                  i->counts.stale);
    mw_buf_printf(w->text, "changes    %zu new, %zu changed, %zu gone\n", i->counts.added, i->counts.changed,
                  i->counts.removed);
    mw_doc_member_str(w->b, "schema", "moonward.snapshot/1");
    add_info(w->b, i);
    return false;
}

/* One line of coverage; those that are not complete are told in the text too. */
static bool show_scope(void *user, const mw_snapshot_scope *e)
{
    struct shown *w = user;
    MW_AUTO(mw_buf) line = {0};

    if ((w->st = mw_coverage_scope_write(w->b, e, w->err)) != MW_OK)
        return false;
    if (mw_str_eq(e->state, "complete"))
        return true;
    mw_buf_printf(&line, "%s %s %s%s%s: %s%s%s", e->account, e->region, e->type, e->facet ? " " : "",
                  e->facet ? e->facet : "", e->state, e->cause ? " " : "", e->cause ? e->cause : "");
    mw_buf_puts(w->text, w->count++ == 0 ? "incomplete\n  " : "  ");
    mw_term_text(w->text, line.data);
    mw_buf_putc(w->text, '\n');
    return true;
}

/* ---- show: resources ---- */

static bool show_resource(void *user, const mw_snapshot_resource *r)
{
    struct shown *w = user;
    MW_AUTO(mw_buf) line = {.max = 1 << 20};

    if (!mw_moment_place_chosen(w->args, r->account, r->region))
        return true;
    w->count++;
    mw_doc_begin_object(w->b);
    mw_doc_member_bool(w->b, "stale", r->stale);
    mw_doc_ckey(w->b, "resource");
    if (r->doc) {
        if ((w->st = mw_json_read(w->b, r->doc, r->len, &exact, NULL, w->err)) != MW_OK)
            return false;
    } else {
        mw_doc_begin_object(w->b);
        mw_doc_member_str(w->b, "account", r->account);
        mw_doc_member_str(w->b, "region", r->region);
        mw_doc_member_str(w->b, "type", r->type);
        mw_doc_member_str(w->b, "id", r->id);
        mw_doc_end_object(w->b);
    }
    mw_doc_end_object(w->b);
    mw_buf_printf(&line, "%s  %-14s  %s%s", r->account, r->region, r->id, r->stale ? "  (stale)" : "");
    mw_term_text(w->text, line.data ? line.data : "");
    mw_buf_putc(w->text, '\n');
    return true;
}

/* What the snapshot knows of a type: whether it looked for it at the places that were asked for, and how whole. */
struct looked {
    const mw_args *args;
    const char *type;
    bool regional; /* else its one list answers for every region */
    size_t scopes, gaps;
};

static bool look_at_scope(void *user, const mw_snapshot_scope *e)
{
    struct looked *l = user;

    if (e->facet || !mw_str_eq(e->type, l->type) || !mw_args_chosen(l->args, "account", e->account) ||
        (l->regional && !mw_args_chosen(l->args, "region", e->region)))
        return true;
    l->scopes++;
    l->gaps += !mw_str_eq(e->state, "complete");
    return true;
}

/* An empty list says that there is nothing: not so where nobody looked, and not all of it where a list was not read. */
static mw_status tell_gaps(const mw_setup *s, mw_store *store, const char *id, const char *given, const mw_type *t,
                           mw_error *err)
{
    struct looked l = {.args = s->cli->args,
                       .type = t ? mw_type_name(t) : given,
                       .regional = t && mw_str_starts(mw_type_scope(t), "region")};
    mw_status st = mw_snapshot_scopes(store, id, look_at_scope, &l, err);

    if (st == MW_OK && l.scopes == 0)
        return t ? mw_fail(err, MW_ERR_NOTFOUND, "snapshot %s did not look for %s there", id, l.type)
                 : mw_setup_type(s, "snapshot show", given, &t, err);
    if (st == MW_OK && l.gaps)
        mw_log_warn("%s: %zu of %zu lists were not read whole; 'moonward snapshot show %s' tells why", l.type, l.gaps,
                    l.scopes, id);
    return st;
}

static bool keep_id(void *user, const mw_snapshot_info *i)
{
    mw_buf_puts(user, i->id);
    return false;
}

static mw_status show_whole(struct shown *w, mw_store *store, const char *id, mw_error *err)
{
    mw_status st = mw_snapshot_find(store, id, show_info, w, err);

    mw_doc_ckey(w->b, "coverage");
    mw_doc_begin_array(w->b);
    if (st == MW_OK)
        st = mw_snapshot_scopes(store, id, show_scope, w, err);
    mw_doc_end_array(w->b);
    return st == MW_OK ? w->st : st;
}

static mw_status show_type(struct shown *w, const mw_setup *s, mw_store *store, const char *id, const char *given,
                           const char *one, bool json, mw_error *err)
{
    const mw_type *t = mw_types_get(s->types, given);
    mw_snapshot_filter f = mw_moment_place_filter(s->cli->args);
    mw_status st;

    f.type = t ? mw_type_name(t) : given;
    f.id = one;
    mw_doc_member_str(w->b, "schema", "moonward.resources/1");
    mw_doc_member_str(w->b, "snapshot", id);
    mw_doc_ckey(w->b, "resources");
    mw_doc_begin_array(w->b);
    st = mw_snapshot_resources(store, id, &f, json || one, show_resource, w, err);
    mw_doc_end_array(w->b);
    if (st != MW_OK || (st = w->st) != MW_OK || (st = tell_gaps(s, store, id, given, t, err)) != MW_OK)
        return st;
    return one && w->count == 0 ? mw_fail(err, MW_ERR_NOTFOUND, "snapshot %s has no %s '%.200s'", id, f.type, one)
                                : MW_OK;
}

static mw_status show(struct shown *w, const mw_setup *s, mw_store *store, bool json, mw_error *err)
{
    const mw_args *args = s->cli->args;
    bool timed = mw_args_get(args, "at") != NULL; /* SNAPSHOT is left out then */
    const char *type = mw_args_positional(args, timed ? 0 : 1), *one = mw_args_positional(args, timed ? 1 : 2), *name;
    MW_AUTO(mw_buf) id = {0};
    char at[MW_TIME_SIZE];
    mw_status st = mw_moment_name(args, timed ? NULL : mw_args_positional(args, 0), at, &name, err);

    if (st != MW_OK || (st = mw_snapshot_find(store, name, keep_id, &id, err)) != MW_OK)
        return st;
    mw_doc_begin_object(w->b);
    st = type ? show_type(w, s, store, id.data, type, one, json, err) : show_whole(w, store, id.data, err);
    mw_doc_end_object(w->b);
    return st;
}

static int run_show(mw_cli *cli)
{
    MW_AUTO(mw_setup) s = {0};
    MW_AUTO(mw_buf) text = {.max = (size_t)2 << 30};
    /* One resource is a document: it has no other form. */
    bool json = mw_str_eq(mw_args_get(cli->args, "output"), "json") ||
                mw_args_positional_count(cli->args) == (mw_args_get(cli->args, "at") ? 2 : 3);
    mw_error err = {0};
    struct shown w = {.args = cli->args, .text = &text, .err = &err};
    mw_store *store = NULL;
    mw_status st;

    if ((st = mw_setup_config(&s, cli, &err)) == MW_OK && (st = mw_setup_types(&s, &err)) == MW_OK &&
        (st = mw_doc_builder_new(NULL, &w.b, &err)) == MW_OK && (st = mw_setup_store(&s, &store, &err)) == MW_OK)
        st = show(&w, &s, store, json, &err);
    mw_store_close(store);
    if (json)
        mw_buf_reset(&text);
    return print(&w, json, st);
}

static const mw_option options[] = {
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format on stdout (default: text)"},
};

static const mw_option show_options[] = {
    MW_AT_OPTION,
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format on stdout (default: text)"},
};

const mw_command mw_command_snapshot_list = {
    .name = "snapshot list",
    .summary = "List the stored snapshots, newest first",
    .options = options,
    .option_count = MW_COUNT(options),
    .run = run_list,
};

const mw_command mw_command_snapshot_show = {
    .name = "snapshot show",
    .arguments = "[SNAPSHOT [TYPE [ID]]]",
    .summary = "Show a snapshot, its resources of a type, or one of them",
    .description = "SNAPSHOT is `latest` (the default), `latest~1` (the one before it), a time (the newest "
                   "one taken no later), an id, a digest as reports name it, or the "
                   "beginning of one; it is left out where --at names a time. TYPE is a name or an alias (s3.bucket); "
                   "--account and --region narrow it and take globs. Alone it gives "
                   "what was covered and what was not; with a TYPE the resources, with an ID the "
                   "documents, as JSON. What could "
                   "not be read is {\"$unknown\": cause} there; `stale` is what an incomplete "
                   "scope left as an older snapshot saw it.",
    .examples = "moonward snapshot show\n"
                "moonward snapshot show latest AWS::S3::Bucket\n"
                "moonward snapshot show latest AWS::S3::Bucket my-bucket\n"
                "moonward snapshot show --at 2026-11-01 AWS::S3::Bucket\n",
    .options = show_options,
    .option_count = MW_COUNT(show_options),
    .max_args = 3,
    .run = run_show,
};
