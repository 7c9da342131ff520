/*
 * From --account and --role-name to a list of accounts with a source of credentials each. The account that
 * the credentials belong to is used directly, every other one by AssumeRole; whether a role leads to the
 * account that was meant is checked when it is used. A replay asks nobody.
 */
#include "cli/accounts.h"

#include "base/str.h"
#include "cli/organization.h"

#include <stdlib.h>
#include <string.h>

struct found {
    mw_session *session;
    const char **ids;
    size_t count;
    mw_call_result result;
    mw_error *err;
    mw_status st;
};

void mw_accounts_clear(mw_accounts *a)
{
    for (size_t i = 0; i < a->count; i++)
        mw_provider_unref(a->items[i].credentials);
    *a = (mw_accounts){0};
}

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "accounts: out of memory");
}

mw_status mw_accounts_begin(mw_session *n, mw_error *err)
{
    const char *role = mw_args_get(n->setup->cli->args, "role-name");
    const char **wanted;
    size_t count;
    mw_status st = mw_setup_list(n->setup, "account", "accounts", &wanted, &count, err);

    if (st != MW_OK)
        return st;
    if (role && count == 0)
        return mw_fail(err, MW_ERR_INVALID, "--role-name needs --account: in which accounts?");
    if (!role && mw_args_get(n->setup->cli->args, "external-id")) /* the configuration's is for sweeps */
        return mw_fail(err, MW_ERR_INVALID, "--external-id works with --role-name only");
    n->any_account = role != NULL;
    return MW_OK;
}

/* ---- the organization ---- */

static mw_status add(const char **ids, size_t *count, const char *id, mw_error *err)
{
    if (*count == MW_ACCOUNTS_MAX)
        return mw_fail(err, MW_ERR_LIMIT, "accounts: more than %d", MW_ACCOUNTS_MAX);
    if (!id)
        return no_memory(err);
    ids[(*count)++] = id;
    return MW_OK;
}

static bool accounts_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct found *f = user;
    const mw_doc *d = mw_doc_view(page);
    mw_val list = mw_val_get(d, result, "Accounts");

    for (size_t i = 0; i < mw_val_len(d, list) && f->st == MW_OK; i++) {
        mw_val account = mw_val_at(d, list, i);
        const char *id = mw_val_get_str(d, account, "Id", "");
        if (mw_is_account_id(id) && mw_str_eq(mw_organization_state(d, account), "ACTIVE"))
            f->st = add(f->ids, &f->count, mw_arena_strdup(&f->session->setup->arena, id), f->err);
    }
    return f->st == MW_OK;
}

static void accounts_done(void *user, const mw_call_result *result)
{
    ((struct found *)user)->result = *result;
}

static mw_status ask_organization(mw_session *n, struct found *f, mw_error *err)
{
    const mw_scope scope = {
        .partition = n->partition, .account = n->account, .region = n->home_region, .credentials = n->credentials};
    const mw_call c = {.scope = &scope,
                       .service = "organizations",
                       .operation = "ListAccounts",
                       .params = MW_VAL_ABSENT,
                       .paginate = true,
                       .on_page = accounts_page,
                       .on_done = accounts_done,
                       .user = f};
    mw_status st;

    if ((st = mw_client_call(n->client, &c, err)) != MW_OK || (st = mw_client_run(n->client, err)) != MW_OK)
        return st;
    if (f->result.status != MW_OK) {
        *err = f->result.error;
        return mw_error_prefix(err, f->result.status, "--account: a glob needs the organization's accounts");
    }
    return f->st;
}

/* ---- the list ---- */

static int by_id(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static mw_status expand(mw_session *n, const char **wanted, size_t wanted_count, const char **ids, size_t *count,
                        mw_error *err)
{
    struct found f = {.session = n, .err = err};
    bool asked = false;
    mw_status st;

    *count = 0;
    for (size_t i = 0; i < wanted_count; i++) {
        size_t before = *count;
        if (!strpbrk(wanted[i], "*?")) {
            if (!mw_is_account_id(wanted[i]))
                return mw_fail(err, MW_ERR_INVALID, "--account: '%.40s' is not an account id of 12 digits", wanted[i]);
            if ((st = add(ids, count, wanted[i], err)) != MW_OK)
                return st;
            continue;
        }
        if (!asked) {
            f.ids = mw_arena_alloc(&n->setup->arena, MW_ACCOUNTS_MAX * sizeof(*f.ids));
            if (!f.ids)
                return no_memory(err);
            if ((st = ask_organization(n, &f, err)) != MW_OK)
                return st;
            asked = true;
        }
        for (size_t k = 0; k < f.count; k++)
            if (mw_glob_match(wanted[i], f.ids[k]) && (st = add(ids, count, f.ids[k], err)) != MW_OK)
                return st;
        if (*count == before)
            return mw_fail(err, MW_ERR_INVALID, "--account: no active account of the organization matches '%.40s'",
                           wanted[i]);
    }
    qsort(ids, *count, sizeof(*ids), by_id);
    return MW_OK;
}

static mw_status from_recording(mw_session *n, const char **wanted, size_t wanted_count, const char **ids,
                                size_t *count, mw_error *err)
{
    const char *list = mw_client_noted(n->client, "accounts");
    mw_status st;

    *count = 0;
    for (list = list ? list : n->account; *list;) {
        size_t len = strcspn(list, ",");
        const char *id = mw_arena_strndup(&n->setup->arena, list, len);
        bool matched = wanted_count == 0;
        if (!id)
            return no_memory(err);
        for (size_t i = 0; i < wanted_count && !matched; i++)
            matched = mw_glob_match(wanted[i], id);
        if (matched && (st = add(ids, count, id, err)) != MW_OK)
            return st;
        list += len + (list[len] == ',');
    }
    return *count ? MW_OK : mw_fail(err, MW_ERR_INVALID, "--account: the recording has none of these accounts");
}

static mw_status note(mw_session *n, const char *const *ids, size_t count, mw_error *err)
{
    MW_AUTO(mw_buf) list = {.max = (size_t)1 << 20};
    mw_status st;

    for (size_t i = 0; i < count; i++)
        mw_buf_printf(&list, "%s%s", i ? "," : "", ids[i]);
    if ((st = mw_buf_status(&list, err)) != MW_OK)
        return st;
    return mw_client_note(n->client, "accounts", list.data ? list.data : "", err);
}

static mw_status assume(mw_session *n, mw_audit_account *a, const char *role, mw_error *err)
{
    mw_assume_role r = {.external_id = mw_setup_str(n->setup, "external-id"), .region = n->region};

    a->verify = true;
    r.role_arn = mw_account_role_arn(&n->setup->arena, n->partition, a->account, role);
    return r.role_arn ? mw_provider_assume_role(n->aws, n->models, mw_client_http(n->client), n->credentials, &r,
                                                &a->credentials, err)
                      : no_memory(err);
}

mw_status mw_accounts_resolve(mw_session *n, mw_accounts *out, mw_error *err)
{
    const char *role = mw_args_get(n->setup->cli->args, "role-name"), **wanted, **ids;
    bool replay = mw_client_replays(n->client);
    size_t wanted_count, count = 1;
    mw_status st = mw_setup_list(n->setup, "account", "accounts", &wanted, &wanted_count, err);

    if (st != MW_OK)
        return st;
    if (replay) /* what is configured here says nothing about a recording */
        wanted_count = mw_args_count(n->setup->cli->args, "account");
    ids = mw_arena_alloc(&n->setup->arena, MW_ACCOUNTS_MAX * sizeof(*ids));
    if (!ids)
        return no_memory(err);
    ids[0] = n->account;
    if (replay)
        st = from_recording(n, wanted, wanted_count, ids, &count, err);
    else if (role && (st = expand(n, wanted, wanted_count, ids, &count, err)) == MW_OK)
        st = note(n, ids, count, err);
    if (st != MW_OK)
        return st;
    out->items = mw_arena_alloc(&n->setup->arena, (count + 1) * sizeof(*out->items));
    if (!out->items)
        return no_memory(err);
    for (size_t i = 0; i < count && st == MW_OK; i++) {
        mw_audit_account *a = &out->items[out->count];
        if (i > 0 && mw_str_eq(ids[i], ids[i - 1])) /* named twice */
            continue;
        *a = (mw_audit_account){.account = ids[i], .partition = n->partition};
        out->count++;
        if (!replay && role && !mw_str_eq(ids[i], n->account))
            st = assume(n, a, role, err);
        else if (!replay)
            a->credentials = mw_provider_ref(n->credentials);
    }
    return st;
}
