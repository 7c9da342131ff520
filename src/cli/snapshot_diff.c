/*
 * `moonward snapshot diff`: what became of the resources between two snapshots. The store tells
 * which changed; this file tells in what, and what neither can know: a scope that one of the two
 * did not read whole, a field that it did not ask for. Such things are unknown, never added and
 * never removed.
 */
#include "cli/changes.h"
#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/setup.h"

#include "base/str.h"
#include "doc/withhold.h"
#include "report/term.h"
#include "report/value.h"

#include <stdlib.h>
#include <string.h>

enum what { ADDED, REMOVED, CHANGED, UNKNOWN, KINDS };
static const char *const names[KINDS] = {"added", "removed", "changed", "unknown"};
static const char marks[KINDS] = {'+', '-', '~', '?'};

/* A change: a value of the builder, and what it is sorted by. */
struct entry {
    const char *type, *account, *region, *id;
    mw_val v;
};

struct diff {
    mw_setup setup;
    mw_moment from, to;
    mw_arena arena;
    mw_doc_builder *b, *docs, *raw; /* what is told; the two documents under comparison; one as it is stored */
    struct entry *entries;
    size_t count, cap, kinds[KINDS];
    mw_val scopes; /* array of what was not read */
    size_t scope_count;
    mw_error *err;
    mw_status st;
};

/* ---- filters ---- */

static bool wanted(const struct diff *d, const char *account, const char *region, const char *type)
{
    return mw_moment_place_chosen(d->setup.cli->args, account, region) && mw_setup_type_chosen(&d->setup, type);
}

/* ---- resources ---- */

/*
 * What either snapshot withheld is withheld of both: where `sensitive` was set otherwise, or the list of what is sensitive
 * grew, a value that is stored is compared as its token.
 */
static mw_val parse(struct diff *d, const char *type, const char *text, size_t len)
{
    const mw_json_options exact = {.exact = true};
    const mw_moment *m = mw_snapshot_mask(d->to.about, type) != MW_VAL_ABSENT ? &d->to : &d->from;
    mw_val mask = mw_snapshot_mask(m->about, type);
    mw_doc_builder *into = mask == MW_VAL_ABSENT ? d->docs : d->raw;

    if (d->st != MW_OK || !text)
        return MW_VAL_ABSENT;
    mw_doc_builder_reset(d->raw);
    if ((d->st = mw_json_read(into, text, len, &exact, NULL, d->err)) != MW_OK)
        return MW_VAL_ABSENT;
    if (into == d->raw)
        mw_doc_add_resource_withheld(d->docs, mw_doc_view(d->raw), mw_doc_pop(d->raw), m->about, mask);
    d->st = mw_doc_builder_status(d->docs, d->err);
    return mw_doc_pop(d->docs);
}

/* Pushes its fields where they are a change, and says what it is. */
static enum what judge(struct diff *d, const mw_snapshot_difference *c, mw_val before, mw_val after,
                       mw_changes_count *fields)
{
    const mw_doc *docs = mw_doc_view(d->docs);
    const mw_snapshot_resource *r = &c->resource;
    const mw_changes_side a = {docs, before, d->from.about, mw_moment_collected(&d->from, r->type)},
                          b = {docs, after, d->to.about, mw_moment_collected(&d->to, r->type)};
    const mw_moment *unseen = c->change == MW_SNAPSHOT_ADDED ? &d->from : &d->to;

    if (c->change == MW_SNAPSHOT_CHANGED) {
        mw_doc_ckey(d->b, "fields");
        mw_changes_add(d->b, &a, &b, fields);
        if (fields->known + fields->unknown > MW_CHANGES_MAX)
            mw_doc_member_int(d->b, "more_fields", (int64_t)(fields->known + fields->unknown - MW_CHANGES_MAX));
        return fields->known ? CHANGED : UNKNOWN;
    }
    if (mw_moment_complete(unseen, r->account, r->region, r->type))
        return c->change == MW_SNAPSHOT_ADDED ? ADDED : REMOVED;
    mw_doc_member_str(d->b, "cause",
                      c->change == MW_SNAPSHOT_ADDED ? "not read whole in the first snapshot"
                                                     : "not read whole in the second snapshot");
    return UNKNOWN;
}

static bool keep_entry(struct diff *d, const mw_snapshot_resource *r, mw_val v)
{
    struct entry *e;

    if (d->count == d->cap) {
        size_t cap = d->cap ? 2 * d->cap : 256;
        struct entry *wider = mw_realloc(d->entries, cap * sizeof(*wider));
        if (!wider)
            return false;
        d->entries = wider;
        d->cap = cap;
    }
    e = &d->entries[d->count++];
    *e = (struct entry){.type = mw_arena_strdup(&d->arena, r->type),
                        .account = mw_arena_strdup(&d->arena, r->account),
                        .region = mw_arena_strdup(&d->arena, r->region),
                        .id = mw_arena_strdup(&d->arena, r->id),
                        .v = v};
    return e->type && e->account && e->region && e->id;
}

static bool take(void *user, const mw_snapshot_difference *c)
{
    struct diff *d = user;
    const mw_snapshot_resource *r = &c->resource;
    const mw_doc *docs = mw_doc_view(d->docs);
    mw_changes_count fields = {0};
    mw_val before, after;
    enum what what;

    if (!wanted(d, r->account, r->region, r->type))
        return true;
    mw_doc_builder_reset(d->docs);
    before = parse(d, r->type, c->before, c->before_len);
    after = parse(d, r->type, r->doc, r->len);
    if (d->st != MW_OK)
        return false;
    if (c->change == MW_SNAPSHOT_CHANGED && mw_changes_same(docs, before, docs, after))
        return true; /* the one was stored whole, the other withheld */
    mw_doc_begin_object(d->b);
    what = judge(d, c, before, after, &fields);
    mw_doc_member_str(d->b, "change", names[what]);
    mw_doc_ckey(d->b, "resource");
    mw_doc_begin_object(d->b);
    mw_doc_member_str(d->b, "partition", r->partition);
    mw_doc_member_str(d->b, "account", r->account);
    mw_doc_member_str(d->b, "region", r->region);
    mw_doc_member_str(d->b, "type", r->type);
    mw_doc_member_str(d->b, "id", r->id);
    mw_doc_member_str(d->b, "arn", mw_val_get_str(docs, after, "arn", NULL));
    mw_doc_member_str(d->b, "name", mw_val_get_str(docs, after, "name", NULL));
    mw_doc_end_object(d->b);
    mw_doc_end_object(d->b);
    d->kinds[what]++;
    if (!keep_entry(d, r, mw_doc_pop(d->b)))
        d->st = mw_fail(d->err, MW_ERR_NOMEM, "snapshot diff: out of memory");
    return d->st == MW_OK;
}

static int by_name(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    int order;

    if ((order = strcmp(a->type, b->type)) != 0 || (order = strcmp(a->account, b->account)) != 0 ||
        (order = strcmp(a->region, b->region)) != 0)
        return order;
    return strcmp(a->id, b->id);
}

/* ---- scopes ---- */

static int compare_scopes(const mw_moment_scope *a, const mw_moment_scope *b)
{
    int order;

    if ((order = strcmp(a->account, b->account)) != 0 || (order = strcmp(a->region, b->region)) != 0 ||
        (order = strcmp(a->type, b->type)) != 0)
        return order;
    return strcmp(a->facet ? a->facet : "", b->facet ? b->facet : "");
}

static void add_side(struct diff *d, const char *name, const mw_moment_scope *s)
{
    const mw_json_options exact = {.exact = true};

    mw_doc_member_str(d->b, name, s ? s->state : "not_collected");
    if (s && s->cause) {
        MW_AUTO(mw_buf) key = {.max = 64};
        mw_buf_printf(&key, "%s_cause", name);
        mw_doc_ckey(d->b, key.data ? key.data : name);
        if (mw_json_read(d->b, s->cause, strlen(s->cause), &exact, NULL, d->err) != MW_OK)
            mw_doc_add_str(d->b, s->cause, strlen(s->cause));
    }
}

static void add_scope(struct diff *d, const mw_moment_scope *from, const mw_moment_scope *to)
{
    const mw_moment_scope *s = from ? from : to;

    if ((from && to && mw_str_eq(from->state, "complete") && mw_str_eq(to->state, "complete")) ||
        !wanted(d, s->account, s->region, s->type))
        return;
    d->scope_count++;
    mw_doc_begin_object(d->b);
    mw_doc_member_str(d->b, "account", s->account);
    mw_doc_member_str(d->b, "region", s->region);
    mw_doc_member_str(d->b, "type", s->type);
    mw_doc_member_str(d->b, "facet", s->facet);
    add_side(d, "from", from);
    add_side(d, "to", to);
    mw_doc_end_object(d->b);
}

/* Both ledgers come in one order. */
static void compare_coverage(struct diff *d)
{
    size_t i = 0, k = 0;

    mw_doc_begin_array(d->b);
    while (i < d->from.scope_count || k < d->to.scope_count) {
        const mw_moment_scope *a = i < d->from.scope_count ? &d->from.scopes[i] : NULL,
                              *b = k < d->to.scope_count ? &d->to.scopes[k] : NULL;
        int order = !a ? 1 : !b ? -1 : compare_scopes(a, b);
        add_scope(d, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
        i += order <= 0;
        k += order >= 0;
    }
    mw_doc_end_array(d->b);
    d->scopes = mw_doc_pop(d->b);
}

/* ---- output ---- */

static void text_scope(mw_buf *out, const mw_doc *v, mw_val s)
{
    static const char *const sides[] = {"from", "to"};
    MW_AUTO(mw_buf) line = {.max = 1 << 20};

    mw_buf_printf(&line, "%s  %s  %s", mw_val_get_str(v, s, "account", ""), mw_val_get_str(v, s, "region", ""),
                  mw_val_get_str(v, s, "type", ""));
    if (mw_val_get_str(v, s, "facet", NULL))
        mw_buf_printf(&line, " %s", mw_val_get_str(v, s, "facet", ""));
    for (size_t i = 0; i < MW_COUNT(sides); i++)
        mw_buf_printf(&line, "%s%s", i ? " → " : ": ", mw_val_get_str(v, s, sides[i], ""));
    mw_buf_puts(out, "? ");
    mw_term_inherit(out, &line);
    mw_term_text(out, line.data);
    mw_buf_putc(out, '\n');
}

static void text_change(mw_buf *out, const mw_doc *v, mw_val c)
{
    mw_val r = mw_val_get(v, c, "resource"), fields = mw_val_get(v, c, "fields");
    const char *what = mw_val_get_str(v, c, "change", ""), *name = mw_val_get_str(v, r, "name", NULL),
               *id = mw_val_get_str(v, r, "id", ""), *cause = mw_val_get_str(v, c, "cause", NULL);
    MW_AUTO(mw_buf) line = {.max = 1 << 20};
    char mark = '?';

    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(names[i], what) == 0)
            mark = marks[i];
    mw_buf_printf(&line, "%c %s  %s  %s  %s", mark, mw_val_get_str(v, r, "type", ""),
                  mw_val_get_str(v, r, "account", ""), mw_val_get_str(v, r, "region", ""), id);
    if (name && strcmp(name, id) != 0)
        mw_buf_printf(&line, "  (%s)", name);
    if (cause)
        mw_buf_printf(&line, ": %s", cause);
    mw_term_inherit(out, &line);
    mw_term_text(out, line.data);
    mw_buf_putc(out, '\n');
    for (size_t i = 0; i < mw_val_len(v, fields); i++) {
        mw_buf_puts(out, "    ");
        mw_changes_text(out, v, mw_val_at(v, fields, i));
        mw_buf_putc(out, '\n');
    }
    if (mw_val_get(v, c, "more_fields") != MW_VAL_ABSENT)
        mw_buf_printf(out, "    … and %lld more\n", (long long)mw_val_get_int(v, c, "more_fields", 0));
}

static void text(const struct diff *d, mw_buf *out)
{
    const mw_doc *v = mw_doc_view(d->b);

    mw_buf_printf(out, "from %s of %s\n  to %s of %s\n", d->from.id, d->from.taken_at, d->to.id, d->to.taken_at);
    for (size_t i = 0; i < d->count; i++)
        text_change(out, v, d->entries[i].v);
    for (size_t i = 0; i < mw_val_len(v, d->scopes); i++)
        text_scope(out, v, mw_val_at(v, d->scopes, i));
    mw_buf_printf(out, "%zu added, %zu removed, %zu changed, %zu unknown; %zu scopes were not complete in both\n",
                  d->kinds[ADDED], d->kinds[REMOVED], d->kinds[CHANGED], d->kinds[UNKNOWN], d->scope_count);
}

static void lines(const struct diff *d, mw_buf *out)
{
    const mw_doc *v = mw_doc_view(d->b);

    for (size_t i = 0; i < d->count; i++) {
        mw_value_json_line(out, v, d->entries[i].v);
        mw_buf_putc(out, '\n');
    }
    for (size_t i = 0; i < mw_val_len(v, d->scopes); i++) {
        mw_buf_puts(out, "{\"change\":\"unknown\",\"scope\":");
        mw_value_json_line(out, v, mw_val_at(v, d->scopes, i));
        mw_buf_puts(out, "}\n");
    }
}

static void add_moment(mw_doc_builder *b, const char *key, const mw_moment *m)
{
    mw_doc_ckey(b, key);
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "id", m->id);
    mw_doc_member_str(b, "taken_at", m->taken_at);
    mw_doc_member_str(b, "digest", m->digest);
    mw_doc_end_object(b);
}

static mw_status json(struct diff *d, mw_buf *out)
{
    mw_doc_builder *b = d->b;

    mw_doc_begin_object(b);
    mw_doc_member_str(b, "schema", "moonward.diff/1");
    add_moment(b, "from", &d->from);
    add_moment(b, "to", &d->to);
    mw_doc_ckey(b, "summary");
    mw_doc_begin_object(b);
    for (size_t i = 0; i < KINDS; i++)
        mw_doc_member_int(b, names[i], (int64_t)d->kinds[i]);
    mw_doc_member_int(b, "unknown_scopes", (int64_t)d->scope_count);
    mw_doc_end_object(b);
    mw_doc_ckey(b, "changes");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < d->count; i++)
        mw_doc_add_val(b, d->entries[i].v);
    mw_doc_end_array(b);
    mw_doc_ckey(b, "unknown_scopes");
    mw_doc_add_val(b, d->scopes);
    mw_doc_end_object(b);
    return mw_cli_json(b, out, d->err);
}

/* ---- the command ---- */

static mw_status perform(struct diff *d, const mw_cli *cli, mw_buf *out)
{
    const char *from = mw_args_positional(cli->args, 0), *to = mw_args_positional(cli->args, 1),
               *format = mw_args_get(cli->args, "output");
    mw_error *err = d->err;
    mw_store *store = NULL;
    mw_status st;

    if ((st = mw_setup_config(&d->setup, cli, err)) != MW_OK || (st = mw_setup_types(&d->setup, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &d->b, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &d->docs, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &d->raw, err)) != MW_OK ||
        (st = mw_setup_store(&d->setup, &store, err)) != MW_OK)
        return st;
    if ((st = mw_moment_load(store, from ? from : "latest~1", &d->from, err)) == MW_OK &&
        (st = mw_moment_load(store, to ? to : "latest", &d->to, err)) == MW_OK &&
        (st = mw_snapshot_diff(store, d->from.id, d->to.id, true, take, d, err)) == MW_OK)
        st = d->st;
    mw_store_close(store);
    if (st != MW_OK)
        return st;
    if (d->count)
        qsort(d->entries, d->count, sizeof(*d->entries), by_name);
    compare_coverage(d);
    if ((st = mw_doc_builder_status(d->b, err)) != MW_OK)
        return st;
    if (mw_str_eq(format, "json"))
        return json(d, out);
    if (mw_str_eq(format, "jsonl"))
        lines(d, out);
    else
        text(d, out);
    return mw_buf_status(out, err);
}

static int run(mw_cli *cli)
{
    mw_error err = {0};
    struct diff d = {.err = &err, .scopes = MW_VAL_ABSENT, .arena = {.max_bytes = (size_t)2 << 30}};
    MW_AUTO(mw_buf) out = {.max = (size_t)2 << 30};
    mw_status st = perform(&d, cli, &out);
    bool allow =
        mw_args_flag(cli->args, "allow-incomplete") || mw_config_bool(&d.setup.config, "allow_incomplete", false);
    bool whole = d.scope_count == 0 && d.kinds[UNKNOWN] == 0;
    int code = st != MW_OK
                   ? mw_cli_fail(&err)
                   : mw_cli_print(out.data ? out.data : "", out.len, whole || allow ? MW_EXIT_OK : MW_EXIT_INCOMPLETE);

    mw_free(d.entries);
    mw_doc_builder_free(d.b);
    mw_doc_builder_free(d.docs);
    mw_doc_builder_free(d.raw);
    mw_moment_clear(&d.from);
    mw_moment_clear(&d.to);
    mw_arena_clear(&d.arena);
    mw_setup_clear(&d.setup);
    return code;
}

static const mw_option options[] = {
    {.name = "type",
     .value = "TYPE",
     .repeatable = true,
     .help = "Resources of this type alone: a name, a glob over names or an alias"},
    {.name = "allow-incomplete", .help = "Do not exit 2 for what is unknown"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json|jsonl",
     .env = "MOONWARD_OUTPUT",
     .help = "Format on stdout (default: text)"},
};

const mw_command mw_command_snapshot_diff = {
    .name = "snapshot diff",
    .arguments = "[FROM [TO]]",
    .summary = "What changed between two snapshots",
    .description = "Without names it compares the latest snapshot with the one before it. A snapshot is "
                   "`latest`, `latest~2`, a "
                   "time (the newest one taken no later), an id, a digest, or the beginning of one. "
                   "--account, --region and --type "
                   "narrow it; they take globs.\n\n"
                   "What one of the two did not read whole is unknown (`?`), never removed: a resource that "
                   "was first seen where the "
                   "earlier list had failed, a field that a denied call would have filled or that one "
                   "snapshot did not ask for. "
                   "Elements of lists count whatever their order. Of what is sensitive it tells that it changed, never "
                   "the value.\n\n"
                   "Exit status: 0 all is known; 2 something is unknown; 3 usage, or no such snapshot.",
    .examples = "moonward snapshot diff\n"
                "moonward snapshot diff 2026-11-01 latest --type s3.bucket\n"
                "moonward snapshot diff latest~7 latest --region 'eu-*' --output json\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = 2,
    .run = run,
};
