/*
 * Before a sweep: which account do the credentials belong to, and which regions are meant. Nothing else is
 * called before the account is known to be an expected one. A replay asks nobody: the recording tells.
 */
#include "cli/session.h"

#include "aws/endpoint.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/account_list.h"
#include "cli/config_rate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* AWS has some 40 regions; a partition of thousands would be a hostile answer. */
#define REGIONS_MAX 512

/* ---- one call, waited for ---- */

struct answer {
    mw_call_result result;
    mw_session *session;
    const char *account, *arn;
    const char *names[REGIONS_MAX], *disabled[REGIONS_MAX];
    size_t name_count, disabled_count;
};

static const char *keep(const mw_session *n, const char *s)
{
    return s ? mw_arena_strdup(&n->setup->arena, s) : NULL;
}

static bool identity_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct answer *a = user;
    const mw_doc *d = mw_doc_view(page);

    a->account = keep(a->session, mw_val_get_str(d, result, "Account", NULL));
    a->arn = keep(a->session, mw_val_get_str(d, result, "Arn", NULL));
    return true;
}

static bool regions_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct answer *a = user;
    const mw_doc *d = mw_doc_view(page);
    mw_val list = mw_val_get(d, result, "Regions");

    for (size_t i = 0; i < mw_val_len(d, list) && i < REGIONS_MAX; i++) {
        mw_val region = mw_val_at(d, list, i);
        const char *name = mw_val_get_str(d, region, "RegionName", NULL);
        if (!name || !mw_str_eq(mw_partition_of_region(a->session->models, name), a->session->partition))
            continue;
        if (mw_str_eq(mw_val_get_str(d, region, "OptInStatus", ""), "not-opted-in"))
            a->disabled[a->disabled_count++] = keep(a->session, name);
        else
            a->names[a->name_count++] = keep(a->session, name);
    }
    return true;
}

static void call_done(void *user, const mw_call_result *result)
{
    ((struct answer *)user)->result = *result;
}

static mw_status call(mw_session *n, const char *service, const char *operation, const mw_doc *params,
                      mw_call_page on_page, struct answer *a, mw_error *err)
{
    const mw_scope scope = {.partition = mw_partition_of_region(n->models, n->region),
                            .account = n->account ? n->account : "",
                            .region = n->region,
                            .credentials = n->credentials};
    const mw_call c = {.scope = &scope,
                       .service = service,
                       .operation = operation,
                       .params_doc = params,
                       .params = params ? mw_doc_root(params) : MW_VAL_ABSENT,
                       .on_page = on_page,
                       .on_done = call_done,
                       .user = a};
    mw_status st;

    a->session = n;
    if ((st = mw_client_call(n->client, &c, err)) != MW_OK || (st = mw_client_run(n->client, err)) != MW_OK)
        return st;
    if (a->result.status != MW_OK && err)
        *err = a->result.error;
    return a->result.status;
}

/* ---- opening ---- */

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "session: out of memory");
}

/* A replay depends on the recording alone, not on what the machine happens to have configured. */
static const char *empty_environment(const char *name)
{
    (void)name;
    return NULL;
}

static mw_status read_budget(mw_setup *s, mw_session *out, mw_error *err)
{
    const char *text = mw_args_get(s->cli->args, "budget");

    if (!text)
        return MW_OK;
    if (!(out->budget = mw_arena_alloc(&s->arena, sizeof(*out->budget))))
        return no_memory(err);
    return mw_budget_parse(text, out->budget, err);
}

mw_status mw_session_open_recording(mw_setup *s, const char *dir, mw_session *out, mw_error *err)
{
    const mw_args *args = s->cli->args;
    mw_aws_config_options config = {.profile = mw_setup_str(s, "profile")};
    mw_client_options o = {.endpoint_url = mw_args_get(args, "endpoint-url"),
                           .record_dir = mw_args_get(args, "record"),
                           .replay_dir = dir,
                           .stop = s->cli->stop};
    mw_config_rate rate;
    mw_status st;

    *out = (mw_session){.setup = s, .recording = dir, .budget = out->budget};
    if (o.record_dir && o.replay_dir)
        return mw_fail(err, MW_ERR_INVALID, "--record and --replay exclude each other");
    if ((st = read_budget(s, out, err)) != MW_OK)
        return st;
    if (o.replay_dir)
        config = (mw_aws_config_options){.getenv_fn = empty_environment};
    if ((st = mw_setup_jobs(s, &o.max_in_flight, err)) != MW_OK ||
        (st = mw_config_rate_read(&s->config, &rate, err)) != MW_OK ||
        (st = mw_model_pack_open(args, &out->pack, err)) != MW_OK ||
        (st = mw_aws_config_load(&config, &out->aws, err)) != MW_OK)
        goto out;
    o.budget = out->budget;
    o.models = out->models = out->pack.models;
    o.config = out->aws;
    o.rate_factor = rate.factor;
    o.quotas_everywhere = rate.any_endpoint;
    if (!o.replay_dir)
        o.rates_path = mw_setup_rates_path(s);
    st = mw_client_new(&o, &out->client, err);
out:
    if (st != MW_OK)
        mw_session_clear(out);
    return st;
}

mw_status mw_session_open(mw_setup *s, mw_session *out, mw_error *err)
{
    return mw_session_open_recording(s, mw_args_get(s->cli->args, "replay"), out, err);
}

void mw_session_clear(mw_session *n)
{
    mw_client_free(n->client);
    mw_provider_unref(n->credentials);
    mw_aws_config_free(n->aws);
    mw_model_pack_clear(&n->pack);
    *n = (mw_session){0};
}

mw_status mw_session_close(mw_session *n, mw_error *err)
{
    return mw_client_close(n->client, err);
}

/* ---- identity ---- */

static mw_status check_account(mw_session *n, const char *arn, mw_error *err)
{
    const char **wanted;
    size_t count;
    MW_AUTO(mw_buf) list = {.max = 1 << 16};
    mw_status st = mw_setup_list(n->setup, "account", "accounts", &wanted, &count, err);

    if (n->any_account)
        return MW_OK;
    if (mw_client_replays(n->client) && mw_args_count(n->setup->cli->args, "account") == 0)
        return MW_OK;
    if (st != MW_OK || count == 0)
        return st;
    for (size_t i = 0; i < count; i++) {
        if (mw_glob_match(wanted[i], n->account))
            return MW_OK;
        mw_buf_printf(&list, "%s%s", i ? ", " : "", wanted[i]);
    }
    return mw_fail(err, MW_ERR_CREDENTIALS, "the credentials belong to account %s (%s), expected %.100s", n->account,
                   arn ? arn : "by the recording", list.data);
}

static mw_status identify_caller(mw_session *n, mw_error *err)
{
    struct answer a = {0};
    char partition[32] = "aws";
    mw_status st = mw_provider_chain(n->aws, n->models, mw_client_http(n->client), &n->credentials, err);

    if (st != MW_OK)
        return st;
    st = call(n, "sts", "GetCallerIdentity", NULL, identity_page, &a, err);
    if (st == MW_ERR_AWS && mw_str_eq(a.result.aws.code, MW_CODE_BUDGET_SPENT))
        return mw_error_prefix(err, MW_ERR_LIMIT, "--budget");
    if (st == MW_ERR_AWS) /* it needs no permission: whoever is refused is nobody */
        return mw_error_prefix(err, mw_fail(err, MW_ERR_CREDENTIALS, "%s", a.result.error.message), "credentials (%s)",
                               mw_provider_describe(n->credentials));
    if (st != MW_OK)
        return st;
    if (!a.account || !*a.account)
        return mw_fail(err, MW_ERR_CREDENTIALS, "sts:GetCallerIdentity did not name an account");
    if (!mw_is_account_id(a.account))
        return mw_fail(err, MW_ERR_CREDENTIALS,
                       "sts:GetCallerIdentity named '%.40s', expected an account id of 12 digits", a.account);
    if (mw_str_starts(a.arn ? a.arn : "", "arn:")) {
        size_t len = strcspn(a.arn + 4, ":");
        if (len > 0 && len < sizeof(partition)) {
            memcpy(partition, a.arn + 4, len);
            partition[len] = '\0';
        }
    }
    n->account = a.account;
    n->arn = a.arn;
    n->partition = keep(n, partition);
    if (!n->partition)
        return no_memory(err);
    return check_account(n, a.arn, err);
}

/* ---- regions ---- */

mw_status mw_session_patterns(mw_session *n, const char ***out, size_t *count, mw_error *err)
{
    const char *fallback = mw_aws_config_region(n->aws);
    mw_status st = mw_setup_list(n->setup, "region", "regions", out, count, err);

    if (st == MW_OK && *count == 0)
        (*out)[(*count)++] = fallback ? fallback : "us-east-1";
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static mw_status take_regions(mw_session *n, const char *const *patterns, size_t pattern_count, const char **enabled,
                              size_t enabled_count, mw_error *err)
{
    char where[64];

    for (size_t i = 0; i < enabled_count; i++)
        if (!enabled[i])
            return no_memory(err);
    qsort(enabled, enabled_count, sizeof(*enabled), by_name);
    n->regions = mw_arena_alloc(&n->setup->arena, (enabled_count + 1) * sizeof(*n->regions));
    if (!n->regions)
        return no_memory(err);
    snprintf(where, sizeof(where), "account %s", n->account);
    return mw_regions_select(patterns, pattern_count, enabled, enabled_count, where, n->regions, &n->region_count, err);
}

/*
 * Without permission to ask which regions are enabled, plain names are taken at their word and the ledger
 * says so; a glob cannot be answered.
 */
static mw_status trust_names(mw_session *n, const char **patterns, size_t count, const mw_call_result *why,
                             mw_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (strpbrk(patterns[i], "*?"))
            return mw_error_prefix(err, MW_ERR_AWS, "--region: '%s' needs the list of enabled regions", patterns[i]);
    if (!(n->extras = mw_arena_alloc(&n->setup->arena, sizeof(*n->extras))))
        return no_memory(err);
    n->extra_count = 1;
    n->extras[0] = (mw_coverage_extra){
        .account = n->account,
        .region = n->region,
        .type = "AWS::::Region",
        .state = mw_str_eq(why->aws.code, "UnauthorizedOperation") || why->aws.http_status == 403 ? "denied" : "failed",
        .operation = "ec2:DescribeRegions",
        .code = keep(n, why->aws.code),
        .message = keep(n, why->aws.message)};
    mw_log_warn("which regions are enabled could not be read (%s); taking the names given", why->error.message);
    return take_regions(n, (const char *const *)patterns, count, patterns, count, err);
}

/* Regions that a glob would have meant if they were enabled: the ledger tells them. */
static mw_status skip_regions(mw_session *n, const char **disabled, size_t count, mw_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!disabled[i])
            return no_memory(err);
    qsort(disabled, count, sizeof(*disabled), by_name);
    if (!(n->extras = mw_arena_alloc(&n->setup->arena, (count + 1) * sizeof(*n->extras))))
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        n->extras[n->extra_count++] = mw_coverage_skipped(n->account, disabled[i]);
    return MW_OK;
}

static mw_status find_regions(mw_session *n, mw_error *err)
{
    struct answer a = {0};
    const char **patterns, *skipped[REGIONS_MAX];
    size_t count;
    mw_doc *all = NULL;
    mw_status st;

    if ((st = mw_session_patterns(n, &patterns, &count, err)) != MW_OK || (st = mw_regions_params(&all, err)) != MW_OK)
        return st;
    st = call(n, "ec2", "DescribeRegions", all, regions_page, &a, err);
    mw_doc_free(all);
    if (st == MW_ERR_AWS)
        return trust_names(n, patterns, count, &a.result, err);
    if (st != MW_OK)
        return st;
    for (size_t i = 0; i < a.disabled_count; i++)
        if (!a.disabled[i])
            return no_memory(err);
    if ((st = take_regions(n, (const char *const *)patterns, count, a.names, a.name_count, err)) != MW_OK)
        return st;
    return skip_regions(n, skipped,
                        mw_regions_skipped((const char *const *)patterns, count, (const char *const *)a.disabled,
                                           a.disabled_count, skipped),
                        err);
}

/* ---- replay ---- */

static mw_status split(mw_session *n, const char *list, const char **out, size_t *count, mw_error *err)
{
    for (*count = 0; *list && *count < REGIONS_MAX;) {
        size_t len = strcspn(list, ",");
        if (len > 0 && !(out[(*count)++] = mw_arena_strndup(&n->setup->arena, list, len)))
            return no_memory(err);
        list += len + (list[len] == ',');
    }
    return MW_OK;
}

/* "us-east-1 denied UnauthorizedOperation You are not …": the gap that the recorded run told of. */
static mw_status note_gap(mw_session *n, const mw_coverage_extra *e, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 16};
    mw_status st;

    mw_buf_printf(&text, "%s %s %s %s", e->region, e->state, e->code, e->message);
    st = mw_buf_status(&text, err);
    return st == MW_OK ? mw_client_note(n->client, "regions_gap", text.data, err) : st;
}

static mw_status recorded_gap(mw_session *n, mw_error *err)
{
    const char *noted = mw_client_noted(n->client, "regions_gap"), *words[4];
    char *text = noted ? mw_arena_strdup(&n->setup->arena, noted) : NULL;

    if (!noted)
        return MW_OK;
    if (!text || !(n->extras = mw_arena_alloc(&n->setup->arena, sizeof(*n->extras))))
        return no_memory(err);
    for (size_t i = 0; i < MW_COUNT(words); i++) {
        words[i] = text;
        text += strcspn(text, i + 1 < MW_COUNT(words) ? " " : "");
        if (*text)
            *text++ = '\0';
    }
    n->extras[0] = (mw_coverage_extra){.account = n->account,
                                       .region = words[0],
                                       .type = "AWS::::Region",
                                       .state = words[1],
                                       .operation = "ec2:DescribeRegions",
                                       .code = words[2],
                                       .message = words[3]};
    n->extra_count = 1;
    return MW_OK;
}

static mw_status identify_recording(mw_session *n, mw_error *err)
{
    static const char *const all[] = {"*"};
    const char *names[REGIONS_MAX], *skipped[REGIONS_MAX], **patterns,
        *recorded = mw_client_noted(n->client, "regions");
    const char *disabled = mw_client_noted(n->client, "regions_disabled");
    size_t name_count, skipped_count, count;
    mw_status st;

    n->account = mw_client_noted(n->client, "account");
    n->partition = mw_client_noted(n->client, "partition");
    if (!n->account || !recorded)
        return mw_fail(err, MW_ERR_INVALID,
                       "--replay: the recording in %s does not say its account and "
                       "regions; record a sweep with --record",
                       n->recording);
    n->partition = n->partition ? n->partition : "aws";
    if ((st = check_account(n, NULL, err)) != MW_OK || (st = split(n, recorded, names, &name_count, err)) != MW_OK ||
        (st = split(n, disabled ? disabled : "", skipped, &skipped_count, err)) != MW_OK ||
        (st = skip_regions(n, skipped, skipped_count, err)) != MW_OK || (st = recorded_gap(n, err)) != MW_OK)
        return st;
    /* What the machine happens to have configured says nothing about a recording: only a flag does. */
    if ((count = mw_args_count(n->setup->cli->args, "region")) == 0)
        return take_regions(n, all, 1, names, name_count, err);
    if ((st = mw_session_patterns(n, &patterns, &count, err)) != MW_OK)
        return st;
    return take_regions(n, (const char *const *)patterns, count, names, name_count, err);
}

static mw_status note(mw_session *n, mw_error *err)
{
    MW_AUTO(mw_buf) list = {.max = 1 << 16};
    MW_AUTO(mw_buf) disabled = {.max = 1 << 16};
    mw_status st;

    for (size_t i = 0; i < n->extra_count; i++)
        if (mw_str_eq(n->extras[i].state, MW_SCOPE_SKIPPED))
            mw_buf_printf(&disabled, "%s%s", disabled.len ? "," : "", n->extras[i].region);
        else if ((st = note_gap(n, &n->extras[i], err)) != MW_OK)
            return st;
    if ((st = mw_buf_status(&disabled, err)) != MW_OK ||
        (disabled.len && (st = mw_client_note(n->client, "regions_disabled", disabled.data, err)) != MW_OK))
        return st;

    for (size_t i = 0; i < n->region_count; i++)
        mw_buf_printf(&list, "%s%s", i ? "," : "", n->regions[i]);
    if ((st = mw_buf_status(&list, err)) != MW_OK ||
        (st = mw_client_note(n->client, "account", n->account, err)) != MW_OK ||
        (st = mw_client_note(n->client, "partition", n->partition, err)) != MW_OK)
        return st;
    return mw_client_note(n->client, "regions", list.data, err);
}

mw_status mw_session_identify(mw_session *n, mw_error *err)
{
    const char *configured = mw_aws_config_region(n->aws);
    const char **patterns;
    size_t count;
    mw_status st;

    if (mw_client_replays(n->client)) {
        st = identify_recording(n, err);
    } else {
        if ((st = mw_session_patterns(n, &patterns, &count, err)) != MW_OK)
            return st;
        /* The session's own calls go where the user is at home, in the partition that was asked for. */
        n->region = configured ? configured : !strpbrk(patterns[0], "*?") ? patterns[0] : mw_home_region("aws");
        if ((st = identify_caller(n, err)) == MW_OK && (n->no_regions || (st = find_regions(n, err)) == MW_OK) &&
            mw_args_get(n->setup->cli->args, "record"))
            st = note(n, err);
    }
    n->home_region = n->partition ? mw_home_region(n->partition) : NULL;
    return st;
}
