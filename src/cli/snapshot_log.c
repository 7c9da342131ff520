/*
 * `moonward snapshot log`: every state that a resource was ever seen in, oldest first, and what
 * changed from one to the next. An ARN is looked up in the documents themselves, so that it also
 * finds what no longer exists.
 */
#include "cli/changes.h"
#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/setup.h"

#include "base/str.h"
#include "doc/withhold.h"
#include "report/term.h"
#include "report/value.h"
#include "store/snapshots.h"

#include <string.h>

/* Resources whose id an ARN may end with; it is no ARN when there are more. */
#define CANDIDATES_MAX 4096

struct log {
    mw_setup setup;
    mw_doc_builder *b, *before, *after, *raw; /* what is told; the last state, this one; room for either */
    mw_store *store;
    mw_doc *about; /* of the first snapshot that withheld something: holds the mask */
    mw_arena arena;
    const char *arn; /* the states must have it; NULL = they need not */
    mw_snapshot_filter *candidates;
    size_t candidate_count;
    mw_val last, last_resource; /* in `before`, in `b`; ABSENT before the first */
    const char *ended;          /* snapshot that ended the last state, in the arena */
    size_t states;
    mw_error *err;
    mw_status st;
};

/* ---- states ---- */

static mw_val add_resource(mw_doc_builder *b, const mw_snapshot_resource *r)
{
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "partition", r->partition);
    mw_doc_member_str(b, "account", r->account);
    mw_doc_member_str(b, "region", r->region);
    mw_doc_member_str(b, "type", r->type);
    mw_doc_member_str(b, "id", r->id);
    mw_doc_end_object(b);
    return mw_doc_pop(b);
}

/* Pushes the state. */
static void add_state(struct log *l, const mw_snapshot_version *v, mw_val now)
{
    const mw_changes_side a = {.d = mw_doc_view(l->before), .v = l->last}, b = {.d = mw_doc_view(l->after), .v = now};
    mw_val resource = add_resource(l->b, &v->resource);
    bool follows = l->states && mw_str_eq(l->ended, v->first) &&
                   mw_val_equal(mw_doc_view(l->b), resource, mw_doc_view(l->b), l->last_resource);
    mw_changes_count count = {0};

    l->last_resource = resource;
    mw_doc_begin_object(l->b);
    mw_doc_ckey(l->b, "resource");
    mw_doc_add_val(l->b, resource);
    mw_doc_member_str(l->b, "snapshot", v->first);
    mw_doc_member_str(l->b, "at", v->first_at);
    mw_doc_member_str(l->b, "until_snapshot", v->ended);
    mw_doc_member_str(l->b, "until", v->ended_at);
    if (follows) {
        mw_doc_ckey(l->b, "fields");
        mw_changes_add(l->b, &a, &b, &count);
    }
    mw_doc_member_str(l->b, "change",
                      !follows                              ? "seen"
                      : count.known                         ? "changed"
                      : mw_changes_same(a.d, a.v, b.d, b.v) ? "unchanged"
                                                            : "unknown");
    if (mw_args_flag(l->setup.cli->args, "documents")) {
        mw_doc_ckey(l->b, "document");
        mw_doc_add_copy(l->b, mw_doc_view(l->after), now);
    }
    mw_doc_end_object(l->b);
}

static bool take_about(void *user, const mw_snapshot_info *info)
{
    const mw_json_options exact = {.exact = true};
    struct log *l = user;
    mw_doc_builder *b = NULL;

    if ((l->st = mw_doc_builder_new(NULL, &b, l->err)) == MW_OK &&
        (l->st = mw_json_read(b, info->about, strlen(info->about), &exact, NULL, l->err)) == MW_OK)
        l->st = mw_doc_finish(b, mw_doc_pop(b), &l->about, l->err);
    mw_doc_builder_free(b);
    return false;
}

/* States that were stored whole are told as those that were not. */
static void withhold(struct log *l, const char *type, mw_doc_builder **b, mw_val *v)
{
    mw_val mask = l->about ? mw_snapshot_mask(l->about, type) : MW_VAL_ABSENT;
    mw_doc_builder *swap = *b;

    if (mask == MW_VAL_ABSENT || *v == MW_VAL_ABSENT || l->st != MW_OK)
        return;
    mw_doc_builder_reset(l->raw);
    mw_doc_add_resource_withheld(l->raw, mw_doc_view(*b), *v, l->about, mask);
    l->st = mw_doc_builder_status(l->raw, l->err);
    *v = mw_doc_pop(l->raw);
    *b = l->raw;
    l->raw = swap;
}

static void withhold_both(struct log *l, const mw_snapshot_version *v, mw_val *now)
{
    static const char token[] = "\"code\":\"" MW_WITHHELD "\"";

    if (!l->about && memmem(v->resource.doc, v->resource.len, token, sizeof(token) - 1)) {
        mw_status st = mw_snapshot_find(l->store, v->first, take_about, l, l->err);
        l->st = l->st == MW_OK ? st : l->st;
        withhold(l, v->resource.type, &l->before, &l->last);
    }
    withhold(l, v->resource.type, &l->after, now);
}

static bool take_state(void *user, const mw_snapshot_version *v)
{
    const mw_json_options exact = {.exact = true};
    struct log *l = user;
    mw_doc_builder *swap;
    mw_val now;

    if (!mw_moment_place_chosen(l->setup.cli->args, v->resource.account, v->resource.region))
        return true;
    mw_doc_builder_reset(l->after);
    if ((l->st = mw_json_read(l->after, v->resource.doc, v->resource.len, &exact, NULL, l->err)) != MW_OK)
        return false;
    now = mw_doc_pop(l->after);
    withhold_both(l, v, &now);
    if (l->st != MW_OK)
        return false;
    if (l->arn && !mw_str_eq(mw_val_get_str(mw_doc_view(l->after), now, "arn", NULL), l->arn))
        return true;
    add_state(l, v, now);
    l->states++;
    l->ended = v->ended ? mw_arena_strdup(&l->arena, v->ended) : NULL;
    l->last = now;
    swap = l->before;
    l->before = l->after;
    l->after = swap;
    return true;
}

/* ---- which resource ---- */

static bool take_candidate(void *user, const mw_snapshot_resource *r)
{
    struct log *l = user;
    mw_snapshot_filter *f = &l->candidates[l->candidate_count];

    if (l->candidate_count == CANDIDATES_MAX)
        return false;
    l->candidate_count++;
    *f = (mw_snapshot_filter){.account = mw_arena_strdup(&l->arena, r->account),
                              .region = mw_arena_strdup(&l->arena, r->region),
                              .type = mw_arena_strdup(&l->arena, r->type),
                              .id = mw_arena_strdup(&l->arena, r->id)};
    if (!f->account || !f->region || !f->type || !f->id)
        l->st = mw_fail(l->err, MW_ERR_NOMEM, "log: out of memory");
    return l->st == MW_OK;
}

static mw_status by_arn(struct log *l, mw_store *store, const char *arn)
{
    const mw_snapshot_filter f = mw_moment_place_filter(l->setup.cli->args);
    mw_status st;

    l->arn = arn;
    if (!(l->candidates = mw_arena_alloc(&l->arena, CANDIDATES_MAX * sizeof(*l->candidates))))
        return mw_fail(l->err, MW_ERR_NOMEM, "log: out of memory");
    if ((st = mw_snapshots_known(store, &f, arn, take_candidate, l, l->err)) != MW_OK)
        return st;
    /* The longest ids first: the first resource that has the ARN is it. */
    for (size_t i = 0; i < l->candidate_count && l->states == 0 && st == MW_OK && l->st == MW_OK; i++)
        st = mw_snapshot_log(store, &l->candidates[i], take_state, l, l->err);
    return st;
}

static mw_status by_type(struct log *l, mw_store *store, const char *name)
{
    const char *slash = strchr(name, '/');
    MW_AUTO(mw_buf) type = {.max = 1024};
    mw_snapshot_filter f = mw_moment_place_filter(l->setup.cli->args);
    const mw_type *known;
    mw_status st;

    if (!slash || slash == name || !slash[1])
        return mw_fail(l->err, MW_ERR_INVALID, "'%.200s' is neither an ARN nor TYPE/ID", name);
    if ((st = mw_buf_add(&type, name, (size_t)(slash - name), l->err)) != MW_OK)
        return st;
    known = mw_types_get(l->setup.types, type.data);
    f.type = known ? mw_type_name(known) : type.data;
    f.id = slash + 1;
    return mw_snapshot_log(store, &f, take_state, l, l->err);
}

/* ---- output ---- */

static void text_resource(mw_buf *out, const mw_doc *d, mw_val r)
{
    MW_AUTO(mw_buf) line = {.max = 1 << 20};

    mw_buf_printf(&line, "%s  %s  %s  %s", mw_val_get_str(d, r, "type", ""), mw_val_get_str(d, r, "account", ""),
                  mw_val_get_str(d, r, "region", ""), mw_val_get_str(d, r, "id", ""));
    mw_term_inherit(out, &line);
    mw_term_text(out, line.data);
    mw_buf_putc(out, '\n');
}

static void text(mw_buf *out, const mw_doc *d, mw_val states)
{
    for (size_t i = 0; i < mw_val_len(d, states); i++) {
        mw_val s = mw_val_at(d, states, i), next = mw_val_at(d, states, i + 1), fields = mw_val_get(d, s, "fields"),
               resource = mw_val_get(d, s, "resource");
        const char *until = mw_val_get_str(d, s, "until_snapshot", NULL);
        if (i == 0 || !mw_val_equal(d, resource, d, mw_val_get(d, mw_val_at(d, states, i - 1), "resource")))
            text_resource(out, d, resource);
        mw_buf_printf(out, "  %s  %s  %s\n", mw_val_get_str(d, s, "at", ""), mw_val_get_str(d, s, "snapshot", ""),
                      mw_val_get_str(d, s, "change", ""));
        for (size_t k = 0; k < mw_val_len(d, fields); k++) {
            mw_buf_puts(out, "      ");
            mw_changes_text(out, d, mw_val_at(d, fields, k));
            mw_buf_putc(out, '\n');
        }
        if (until && (!mw_str_eq(until, mw_val_get_str(d, next, "snapshot", NULL)) ||
                      !mw_val_equal(d, resource, d, mw_val_get(d, next, "resource"))))
            mw_buf_printf(out, "  %s  %s  gone\n", mw_val_get_str(d, s, "until", ""), until);
    }
}

static mw_status print(struct log *l, mw_val states, mw_buf *out)
{
    const char *format = mw_args_get(l->setup.cli->args, "output");
    const mw_doc *d = mw_doc_view(l->b);

    if (mw_str_eq(format, "json")) {
        mw_doc_begin_object(l->b);
        mw_doc_member_str(l->b, "schema", "moonward.log/1");
        mw_doc_ckey(l->b, "states");
        mw_doc_add_val(l->b, states);
        mw_doc_end_object(l->b);
        return mw_cli_json(l->b, out, l->err);
    }
    if (mw_str_eq(format, "jsonl")) {
        for (size_t i = 0; i < mw_val_len(d, states); i++) {
            mw_value_json_line(out, d, mw_val_at(d, states, i));
            mw_buf_putc(out, '\n');
        }
    } else {
        text(out, d, states);
    }
    return mw_buf_status(out, l->err);
}

static mw_status perform(struct log *l, const mw_cli *cli, mw_buf *out)
{
    const char *name = mw_args_positional(cli->args, 0);
    mw_error *err = l->err;
    mw_store *store = NULL;
    mw_val states;
    mw_status st;

    if ((st = mw_setup_config(&l->setup, cli, err)) != MW_OK || (st = mw_setup_types(&l->setup, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &l->b, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &l->before, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &l->after, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &l->raw, err)) != MW_OK ||
        (st = mw_setup_store(&l->setup, &store, err)) != MW_OK)
        return st;
    l->store = store;
    mw_doc_begin_array(l->b);
    st = mw_str_starts(name, "arn:") ? by_arn(l, store, name) : by_type(l, store, name);
    mw_doc_end_array(l->b);
    mw_store_close(store);
    if (st != MW_OK || (st = l->st) != MW_OK || (st = mw_doc_builder_status(l->b, err)) != MW_OK)
        return st;
    states = mw_doc_pop(l->b);
    if (l->states == 0)
        return mw_fail(err, MW_ERR_NOTFOUND, "no snapshot ever saw '%.300s'", name);
    return print(l, states, out);
}

static int run(mw_cli *cli)
{
    mw_error err = {0};
    struct log l = {.err = &err, .last = MW_VAL_ABSENT, .last_resource = MW_VAL_ABSENT};
    MW_AUTO(mw_buf) out = {.max = (size_t)2 << 30};
    int code = perform(&l, cli, &out) == MW_OK ? mw_cli_print(out.data ? out.data : "", out.len, MW_EXIT_OK)
                                               : mw_cli_fail(&err);

    mw_doc_builder_free(l.b);
    mw_doc_builder_free(l.before);
    mw_doc_builder_free(l.after);
    mw_doc_builder_free(l.raw);
    mw_doc_free(l.about);
    mw_arena_clear(&l.arena);
    mw_setup_clear(&l.setup);
    return code;
}

static const mw_option options[] = {
    {.name = "documents", .help = "With the whole document of each state (json, jsonl)"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json|jsonl",
     .env = "MOONWARD_OUTPUT",
     .help = "Format on stdout (default: text)"},
};

#define ABOUT                                                                                                          \
    .arguments = "ARN|TYPE/ID", .summary = "Every state that a resource was seen in, and what changed",                \
    .description = "TYPE is a name or an alias (s3.bucket/my-bucket). Each state has the snapshot that saw "           \
                   "it first and the one "                                                                             \
                   "that saw another, or none (`gone`); a resource is gone only when its list was read "               \
                   "whole and it was not "                                                                             \
                   "there. A field that could not be read, before or after, is unknown and no change; of what is "     \
                   "sensitive it tells that it changed, never the value.",                                             \
    .options = options, .option_count = MW_COUNT(options), .min_args = 1, .max_args = 1, .run = run

const mw_command mw_command_snapshot_log = {
    .name = "snapshot log",
    ABOUT,
    .examples = "moonward snapshot log arn:aws:s3:::my-bucket\n"
                "moonward snapshot log ec2.instance/i-0123456789abcdef0 --output jsonl\n",
};

const mw_command mw_command_log = {
    .name = "log",
    ABOUT,
    .examples = "moonward log arn:aws:s3:::my-bucket\n"
                "moonward log s3.bucket/my-bucket --documents --output json\n",
};
