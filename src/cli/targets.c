/*
 * From a list of accounts to what can be collected of each. Before anything else is asked there, the
 * credentials of an account must turn out to be that account's own: a wrong role would otherwise
 * report one account's resources as another's. All accounts are asked at once; one that fails does
 * not stop the rest.
 */
#include "cli/targets.h"

#include "base/log.h"
#include "base/str.h"
#include "cli/organization.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENABLED_MAX 64
#define EXTRAS_MAX  (2 * ENABLED_MAX + 1)

void mw_targets_clear(mw_targets *t)
{
    for (size_t i = 0; i < t->count; i++)
        mw_provider_unref(t->items[i].in.credentials);
    *t = (mw_targets){0};
}

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "accounts: out of memory");
}

/* ---- the credentials' own account ---- */

static mw_status session_alone(mw_session *n, mw_targets *out, mw_error *err)
{
    mw_target *t = mw_arena_alloc(&n->setup->arena, sizeof(*t));

    if (!t)
        return no_memory(err);
    t->in = (mw_collect_account){.account = n->account,
                                 .partition = n->partition,
                                 .home_region = n->home_region,
                                 .regions = (const char *const *)n->regions,
                                 .region_count = n->region_count,
                                 .credentials = n->credentials ? mw_provider_ref(n->credentials) : NULL};
    t->arn = n->arn;
    t->extras = n->extras;
    t->extra_count = n->extra_count;
    *out = (mw_targets){.items = t, .count = 1};
    return MW_OK;
}

/* ---- many ---- */

/* An account whose identity and regions are being asked for. */
struct asking {
    mw_session *n;
    mw_target *target;
    const mw_account_entry *entry;
    mw_scope scope;
    const char *const *patterns;
    size_t pattern_count;
    const char *account; /* whose the credentials are */
    const char *enabled[ENABLED_MAX], *disabled[ENABLED_MAX];
    size_t enabled_count, disabled_count;
    bool out_of_memory, bad_answer;
};

static const char *keep(struct asking *a, const char *s)
{
    const char *copy = mw_arena_strdup(&a->n->setup->arena, s ? s : "");

    a->out_of_memory = a->out_of_memory || !copy;
    return copy ? copy : "";
}

/* Nothing can be asked in this account. */
static void fail_account(struct asking *a, const char *operation, const char *code, const char *message)
{
    mw_collect_account *in = &a->target->in;

    if (in->region_count == 0) { /* only globs were named: the gap is told at home */
        in->regions = &in->home_region;
        in->region_count = 1;
    }
    in->failed_operation = operation;
    in->failed_code = keep(a, code);
    in->failed_message = keep(a, message);
    mw_log_warn("account %s cannot be read: %s", in->account, message);
}

static const char *code_of(const mw_call_result *r)
{
    switch (r->status) {
    case MW_ERR_AWS: return r->aws.code;
    case MW_ERR_CREDENTIALS: return "AccessDenied"; /* the role could not be assumed */
    case MW_ERR_TIMEOUT: return "Timeout";
    default: return "Unreachable";
    }
}

static void add_extra(struct asking *a, const mw_coverage_extra *e)
{
    mw_target *t = a->target;

    if (!t->extras)
        t->extras = mw_arena_alloc(&a->n->setup->arena, EXTRAS_MAX * sizeof(*t->extras));
    if (!t->extras || t->extra_count == EXTRAS_MAX) {
        a->out_of_memory = true;
        return;
    }
    t->extras[t->extra_count++] = *e;
}

static void add_gap(struct asking *a, const char *region, const char *state, const char *code, const char *message)
{
    add_extra(a, &(mw_coverage_extra){.account = a->target->in.account,
                                      .region = region,
                                      .type = "AWS::::Region",
                                      .state = state,
                                      .operation = "ec2:DescribeRegions",
                                      .code = keep(a, code),
                                      .message = keep(a, message)});
}

static bool plain(const char *pattern)
{
    return !strpbrk(pattern, "*?");
}

/* The names among the patterns, when nobody says what is enabled. */
static size_t plain_names(const struct asking *a, const char **out)
{
    size_t n = 0;

    for (size_t i = 0; i < a->pattern_count && n < ENABLED_MAX; i++)
        if (plain(a->patterns[i]))
            out[n++] = a->patterns[i];
    return n;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void set_regions(struct asking *a, const char **names, size_t count)
{
    const char **regions = mw_arena_alloc(&a->n->setup->arena, (count + 1) * sizeof(*regions));
    size_t kept = 0;

    if (!regions) {
        a->out_of_memory = true;
        return;
    }
    if (count > 1)
        qsort(names, count, sizeof(*names), by_name);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || !mw_str_eq(names[i], names[i - 1]))
            regions[kept++] = names[i];
    a->target->in.regions = regions;
    a->target->in.region_count = kept;
}

/* A glob means the enabled ones; a name that is not enabled, or a glob without a match, is a gap. */
static void choose_regions(struct asking *a)
{
    const char *chosen[ENABLED_MAX];
    size_t n = 0, skipped;

    if (a->disabled_count > 1)
        qsort(a->disabled, a->disabled_count, sizeof(*a->disabled), by_name);
    skipped = mw_regions_skipped(a->patterns, a->pattern_count, a->disabled, a->disabled_count, chosen);
    for (size_t i = 0; i < skipped; i++) {
        mw_coverage_extra e = mw_coverage_skipped(a->target->in.account, chosen[i]);
        add_extra(a, &e);
    }

    for (size_t p = 0; p < a->pattern_count; p++) {
        bool matched = false;
        for (size_t i = 0; i < a->enabled_count; i++)
            matched = mw_glob_match(a->patterns[p], a->enabled[i]) || matched;
        if (!matched)
            add_gap(a, a->patterns[p], "unsupported", "RegionDisabled",
                    plain(a->patterns[p]) ? "the region is not enabled in this account"
                                          : "no region that is enabled in this account matches");
    }
    for (size_t i = 0; i < a->enabled_count; i++) {
        bool matched = false;
        for (size_t p = 0; p < a->pattern_count && !matched; p++)
            matched = mw_glob_match(a->patterns[p], a->enabled[i]);
        if (matched)
            chosen[n++] = a->enabled[i];
    }
    set_regions(a, chosen, n);
}

static bool regions_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct asking *a = user;
    const mw_doc *d = mw_doc_view(page);
    mw_val list = mw_val_get(d, result, "Regions");

    a->bad_answer = mw_val_len(d, list) > ENABLED_MAX;
    for (size_t i = 0; i < mw_val_len(d, list) && !a->bad_answer; i++) {
        mw_val region = mw_val_at(d, list, i);
        const char *name = mw_val_get_str(d, region, "RegionName", NULL);
        if (!name)
            a->bad_answer = true;
        else if (mw_str_eq(mw_val_get_str(d, region, "OptInStatus", ""), "not-opted-in"))
            a->disabled[a->disabled_count++] = keep(a, name);
        else
            a->enabled[a->enabled_count++] = keep(a, name);
    }
    return true;
}

static void regions_done(void *user, const mw_call_result *r)
{
    struct asking *a = user;
    const char *names[ENABLED_MAX];
    size_t count;

    if (a->bad_answer) { /* with a part of them, the rest would not be looked at and nobody would know */
        fail_account(a, "ec2:DescribeRegions", "Failed", "the list of regions has one without a name, or more than 64");
        return;
    }
    if (r->status == MW_OK) {
        choose_regions(a);
        return;
    }
    count = plain_names(a, names);
    if (r->status != MW_ERR_AWS || count < a->pattern_count) {
        fail_account(a, "ec2:DescribeRegions", code_of(r), r->status == MW_ERR_AWS ? r->aws.message : r->error.message);
        return;
    }
    add_gap(a, a->scope.region,
            r->http_status == 403 || mw_str_eq(r->aws.code, "UnauthorizedOperation") ? "denied" : "failed", r->aws.code,
            r->aws.message);
    set_regions(a, names, count);
}

static bool identity_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct asking *a = user;

    a->account = keep(a, mw_val_get_str(mw_doc_view(page), result, "Account", ""));
    a->target->arn = keep(a, mw_val_get_str(mw_doc_view(page), result, "Arn", ""));
    return true;
}

static void ask_regions(struct asking *a)
{
    mw_call c = {.scope = &a->scope,
                 .service = "ec2",
                 .operation = "DescribeRegions",
                 .on_page = regions_page,
                 .on_done = regions_done,
                 .user = a};
    mw_doc *all = NULL;
    mw_error err = {0};
    mw_status st = mw_regions_params(&all, &err);

    if (st == MW_OK) {
        c.params_doc = all;
        c.params = mw_doc_root(all);
        st = mw_client_call(a->n->client, &c, &err);
    }
    mw_doc_free(all);
    if (st != MW_OK)
        fail_account(a, "ec2:DescribeRegions", "Failed", err.message);
}

static void identity_done(void *user, const mw_call_result *r)
{
    struct asking *a = user;
    char text[256];

    if (r->status != MW_OK) {
        fail_account(a, r->status == MW_ERR_CREDENTIALS ? "sts:AssumeRole" : "sts:GetCallerIdentity", code_of(r),
                     r->status == MW_ERR_AWS ? r->aws.message : r->error.message);
    } else if (!mw_str_eq(a->account, a->target->in.account)) {
        snprintf(text, sizeof(text), "the role leads to account %.40s instead", a->account);
        fail_account(a, "sts:GetCallerIdentity", "WrongAccount", text);
    } else {
        ask_regions(a);
    }
}

static mw_status credentials_of(struct asking *a, const mw_account_list *l, mw_error *err)
{
    mw_session *n = a->n;
    const char *role = a->entry->role ? a->entry->role : l->role;
    mw_assume_role r = {.external_id = a->entry->external_id ? a->entry->external_id : l->external_id,
                        .session_name = l->session_name,
                        .policy = l->session_policy,
                        .duration_seconds = l->duration_seconds,
                        .region = n->region};

    if (mw_str_eq(a->entry->id, n->account) && !a->entry->role) {
        a->target->in.credentials = mw_provider_ref(n->credentials);
        return MW_OK;
    }
    if (!role)
        return mw_fail(err, MW_ERR_INVALID, "account %s: no role leads there; set 'role' for it or for all",
                       a->entry->id);
    if (!(r.role_arn = mw_account_role_arn(&n->setup->arena, n->partition, a->entry->id, role)))
        return no_memory(err);
    return mw_provider_assume_role(n->aws, n->models, mw_client_http(n->client), n->credentials, &r,
                                   &a->target->in.credentials, err);
}

static mw_status ask(struct asking *a, const mw_account_list *l, const char *const *patterns, size_t pattern_count,
                     mw_error *err)
{
    const mw_call c = {.scope = &a->scope,
                       .service = "sts",
                       .operation = "GetCallerIdentity",
                       .params = MW_VAL_ABSENT,
                       .on_page = identity_page,
                       .on_done = identity_done,
                       .user = a};
    mw_session *n = a->n;
    const char *names[ENABLED_MAX];
    mw_status st;

    a->patterns = a->entry->region_count ? a->entry->regions : patterns;
    a->pattern_count = a->entry->region_count ? a->entry->region_count : pattern_count;
    a->target->in =
        (mw_collect_account){.account = a->entry->id, .partition = n->partition, .home_region = n->home_region};
    /* Until it says which are enabled: what is not there is then a gap in the regions that were named. */
    set_regions(a, names, plain_names(a, names));
    if ((st = credentials_of(a, l, err)) != MW_OK)
        return st;
    a->scope = (mw_scope){.partition = n->partition,
                          .account = a->entry->id,
                          .region = n->region,
                          .credentials = a->target->in.credentials};
    return mw_client_call(n->client, &c, err);
}

static mw_status ask_all(mw_session *n, const mw_account_list *l, mw_targets *out, struct asking *all, mw_error *err)
{
    const char **patterns;
    size_t count;
    mw_status st = mw_session_patterns(n, &patterns, &count, err), ran;

    for (size_t i = 0; i < l->count && st == MW_OK; i++) {
        all[i] = (struct asking){.n = n, .target = &out->items[i], .entry = &l->items[i]};
        out->count++;
        st = ask(&all[i], l, (const char *const *)patterns, count, err);
    }
    ran = mw_client_run(n->client, st == MW_OK ? err : NULL); /* also after a failure: calls borrow from us */
    st = st == MW_OK ? ran : st;
    for (size_t i = 0; i < out->count && st == MW_OK; i++)
        if (all[i].out_of_memory)
            st = no_memory(err);
    return st;
}

mw_status mw_targets_resolve(mw_session *n, mw_account_list *list, mw_targets *out, mw_error *err)
{
    struct asking *all;
    mw_status st;

    if (!list->many || mw_client_replays(n->client))
        return session_alone(n, out, err);
    if (mw_args_get(n->setup->cli->args, "record"))
        return mw_fail(err, MW_ERR_INVALID, "--record holds one account: sweep it with credentials of its own");
    if ((list->organization && (st = mw_organization_read(n, list, err)) != MW_OK) ||
        (st = mw_account_list_settle(list, err)) != MW_OK)
        return st;
    out->items = mw_arena_alloc(&n->setup->arena, (list->count + 1) * sizeof(*out->items));
    all = mw_alloc((list->count + 1) * sizeof(*all));
    st = out->items && all ? ask_all(n, list, out, all, err) : no_memory(err);
    mw_free(all);
    if (st == MW_OK && out->count == 1 && out->items[0].in.failed_code)
        return mw_fail(err, MW_ERR_CREDENTIALS, "account %s cannot be read: %s", out->items[0].in.account,
                       out->items[0].in.failed_message);
    return st;
}
