/*
 * Taking a snapshot: rules, plan, collection, and the store that keeps it. Each step is a function
 * of the floor that owns it; this file only orders them. A signal ends it between steps with
 * nothing half written.
 */
#include "cli/take.h"

#include "base/str.h"
#include "base/sys.h"
#include "cli/sweep.h"
#include "engine/archive.h"

#include <string.h>
#include <unistd.h>

void mw_take_clear(mw_take *t)
{
    mw_progress_end(&t->progress);
    mw_doc_free(t->coverage);
    mw_doc_free(t->snapshot);
    if (t->snapshot_fd >= 0)
        close(t->snapshot_fd);
    mw_plan_free(t->plan);
    mw_session_clear(&t->session);
    mw_setup_clear(&t->setup);
}

/* ---- rules and plan ---- */

/* "Versioning" is the rule's own type's facet, "AWS::X::Y.Facet" another's. */
static mw_status plan_need(mw_plan *p, const mw_rule *r, const char *need, mw_error *err)
{
    const char *dot = strstr(need, "::") ? strrchr(need, '.') : NULL;
    MW_AUTO(mw_buf) type = {.max = 1024};
    mw_status st;

    if (!dot)
        return mw_plan_need(p, r->resource, need, err);
    if ((st = mw_buf_add(&type, need, (size_t)(dot - need), err)) != MW_OK)
        return st;
    return mw_plan_need(p, type.data, dot + 1, err);
}

static mw_status plan_rule(mw_plan *p, const mw_rule *r, mw_error *err)
{
    mw_status st = mw_plan_need(p, r->resource, NULL, err);

    for (size_t k = 0; k < r->related_count && st == MW_OK; k++)
        st = mw_plan_need(p, r->related[k], NULL, err);
    for (size_t k = 0; k < r->need_count && st == MW_OK; k++)
        st = plan_need(p, r, r->needs[k], err);
    return st == MW_OK ? st : mw_error_prefix(err, st, "rule %s", r->id);
}

mw_status mw_sweep_plan_rule(const mw_rule *rule, const mw_types *types, const mw_models *models,
                             mw_plan **out, mw_error *err)
{
    mw_status st = mw_plan_new(types, models, out, err);

    return st == MW_OK ? plan_rule(*out, rule, err) : st;
}

mw_status mw_sweep_plan(const mw_rules *rules, const mw_types *types, const mw_models *models,
                        mw_plan **out, mw_error *err)
{
    mw_status st = mw_plan_new(types, models, out, err);

    for (size_t i = 0; i < mw_rules_count(rules) && st == MW_OK; i++)
        st = plan_rule(*out, mw_rules_at(rules, i), err);
    return st;
}

static bool is_region_of(const char *partition, mw_val partitions, const mw_doc *d,
                         const char *pattern, size_t *count)
{
    mw_val list = mw_val_get(d, partitions, "partitions");
    size_t before = *count;

    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        mw_val one = mw_val_at(d, list, i), regions = mw_val_get(d, one, "regions");
        if (!mw_str_eq(mw_val_get_str(d, one, "id", ""), partition))
            continue;
        for (size_t k = 0; k < mw_val_len(d, regions); k++) {
            mw_val name;
            mw_val_member(d, regions, k, &name);
            *count += mw_glob_match(pattern, mw_val_str(d, name, NULL)) &&
                      !mw_str_ends(mw_val_str(d, name, NULL), "-global");
        }
    }
    return *count > before;
}

/* Without calling AWS: globs are counted over the regions that the partition has. */
static mw_status count_regions(mw_take *t, size_t *out, mw_error *err)
{
    const mw_models *m = t->session.models;
    const char **patterns;
    size_t count;
    mw_status st = mw_session_patterns(&t->session, &patterns, &count, err);

    *out = 0;
    for (size_t i = 0; i < count && st == MW_OK; i++) {
        if (!strpbrk(patterns[i], "*?"))
            (*out)++;
        else if (!is_region_of("aws", mw_models_partitions(m), mw_models_doc(m), patterns[i], out))
            st = mw_fail(err, MW_ERR_INVALID, "--region: no region of AWS matches '%s'",
                         patterns[i]);
    }
    return st;
}

int mw_take_print_plan(mw_take *t)
{
    MW_AUTO(mw_buf) out = {0};
    const char *output = mw_args_get(t->setup.cli->args, "output");
    mw_error err = {0};
    size_t regions;

    if (count_regions(t, &regions, &err) != MW_OK ||
        mw_plan_describe(t->plan, 1, regions, mw_str_eq(output, "json"), &out, &err) != MW_OK ||
        mw_buf_status(&out, &err) != MW_OK)
        return mw_cli_fail(&err);
    return mw_cli_print(out.data, out.len, MW_EXIT_OK);
}

mw_status mw_take_prepare(mw_take *t, const mw_cli *cli, mw_error *err)
{
    mw_status st;

    if ((st = mw_setup_config(&t->setup, cli, err)) != MW_OK ||
        (st = mw_setup_rules(&t->setup, err)) != MW_OK ||
        (st = mw_setup_choose_rules(&t->setup, err)) != MW_OK ||
        (st = mw_session_open(&t->setup, &t->session, err)) != MW_OK)
        return st;
    return mw_sweep_plan(t->setup.rules, t->setup.types, t->session.models, &t->plan, err);
}

/* ---- collection ---- */

mw_status mw_take_collect(mw_take *t, mw_error *err)
{
    mw_session *n = &t->session;
    mw_collect_account account;
    mw_collect_options o = {.accounts = &account,
                            .account_count = 1,
                            .on_progress = mw_progress_collect,
                            .user = &t->progress};
    mw_status st;

    t->started_ns = mw_now_ns();
    if ((st = mw_session_identify(n, err)) != MW_OK)
        return st;
    account = (mw_collect_account){.account = n->account,
                                   .partition = n->partition,
                                   .home_region = n->home_region,
                                   .regions = (const char *const *)n->regions,
                                   .region_count = n->region_count,
                                   .credentials = n->credentials};
    o.now_unix = mw_client_now_unix(n->client);
    mw_progress_start(&t->progress, t->setup.cli);
    if ((st = mw_collect(n->client, t->plan, &o, &t->snapshot_fd, err)) != MW_OK)
        return st;
    if (*t->setup.cli->stop)
        return mw_fail(err, MW_ERR_CANCELLED, "stopped by a signal; nothing was stored");
    if ((st = mw_session_close(n, err)) != MW_OK ||
        (st = mw_doc_map(t->snapshot_fd, &t->snapshot, err)) != MW_OK ||
        (st = mw_coverage_from_snapshot(t->snapshot, n->regions_unchecked ? &n->unchecked : NULL,
                                        &t->coverage, err)) != MW_OK)
        return st;
    return mw_snapshot_digest(t->snapshot, t->digest, err);
}

/* ---- the store ---- */

bool mw_take_stores(const mw_take *t)
{
    const mw_args *args = t->setup.cli->args;

    return !mw_args_flag(args, "no-store") &&
           (!mw_client_replays(t->session.client) || mw_args_get(args, "store"));
}

/* What `evaluate` tells like the sweep would have, beside the snapshot itself. */
static mw_status write_notes(const mw_take *t, mw_doc **out, mw_error *err)
{
    const mw_session *n = &t->session;
    mw_doc_builder *b;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "engine", MW_VERSION);
    mw_doc_ckey(b, "regions");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < n->region_count; i++)
        mw_doc_add_cstr(b, n->regions[i]);
    mw_doc_end_array(b);
    if (n->regions_unchecked) {
        mw_doc_ckey(b, "unchecked");
        mw_coverage_extra_write(b, &n->unchecked);
    }
    mw_doc_end_object(b);
    st = mw_doc_finish(b, mw_doc_pop(b), out, err);
    mw_doc_builder_free(b);
    return st;
}

mw_status mw_take_store(mw_take *t, mw_store *store, char *id, mw_snapshot_counts *counts,
                        mw_error *err)
{
    mw_archive_name name = {.digest = t->digest};
    char own[MW_ULID_SIZE];
    mw_doc *notes = NULL;
    mw_status st;

    name.id = id ? id : own;
    if ((st = mw_ulid(id ? id : own, t->started_ns, err)) == MW_OK &&
        (st = write_notes(t, &notes, err)) == MW_OK) {
        name.notes_doc = notes;
        name.notes = mw_doc_root(notes);
        st = mw_archive_put(store, t->snapshot, &name, counts, err);
    }
    mw_doc_free(notes);
    return st;
}
