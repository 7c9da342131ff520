/*
 * AWS Organizations to a list of accounts. One call after the other: an organization has some
 * thousand accounts at most, in pages. An account that is not active cannot be read and is said.
 */
#include "cli/organization.h"

#include "base/log.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define UNITS_MAX 5000 /* AWS Organizations, "Quotas": 2,000 by default */

struct walk {
    mw_session *n;
    mw_account_list *out;
    const char **units; /* to visit; grows while it is walked */
    size_t unit_count;
    size_t suspended;
    bool *tags_fit; /* each of those wanted: the account has it, on whatever page */
    mw_val rules;
    mw_call_result result;
    mw_error *err;
    mw_status st;
};

static const mw_doc *config(const struct walk *w)
{
    return w->n->setup->config.doc;
}

static void call_done(void *user, const mw_call_result *result)
{
    ((struct walk *)user)->result = *result;
}

static mw_status call(struct walk *w, const char *operation, const char *member, const char *value,
                      mw_call_page on_page, mw_error *err)
{
    mw_session *n = w->n;
    const mw_scope scope = {
        .partition = n->partition, .account = n->account, .region = n->home_region, .credentials = n->credentials};
    mw_call c = {.scope = &scope,
                 .service = "organizations",
                 .operation = operation,
                 .params = MW_VAL_ABSENT,
                 .paginate = true,
                 .on_page = on_page,
                 .on_done = call_done,
                 .user = w};
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st == MW_OK && member) {
        mw_doc_begin_object(b);
        mw_doc_member_str(b, member, value);
        mw_doc_end_object(b);
        c.params_doc = mw_doc_view(b);
        c.params = mw_doc_pop(b);
    }
    w->st = MW_OK;
    if (st == MW_OK && (st = mw_client_call(n->client, &c, err)) == MW_OK)
        st = mw_client_run(n->client, err);
    mw_doc_builder_free(b);
    if (st == MW_OK && w->result.status != MW_OK) {
        if (err)
            *err = w->result.error;
        return mw_error_prefix(err, w->result.status, "organization: %s", operation);
    }
    return st == MW_OK ? w->st : st;
}

/* ---- choosing ---- */

static bool in_list(const struct walk *w, const char *key, const char *id, const char *name, bool otherwise)
{
    const mw_doc *d = config(w);
    mw_val list = mw_val_get(d, w->rules, key);

    if (list == MW_VAL_ABSENT)
        return otherwise;
    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        mw_val v = mw_val_at(d, list, i);
        char number[24];
        const char *glob = mw_val_str(d, v, NULL);
        if (mw_val_kind(d, v) == MW_KIND_INT) {
            snprintf(number, sizeof(number), "%012lld", (long long)mw_val_int(d, v));
            glob = number;
        }
        if (glob && (mw_glob_match(glob, id) || (name && mw_glob_match(glob, name))))
            return true;
    }
    return false;
}

const char *mw_organization_state(const mw_doc *d, mw_val account)
{
    return mw_val_get_str(d, account, "State", mw_val_get_str(d, account, "Status", "ACTIVE"));
}

static bool accounts_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct walk *w = user;
    const mw_doc *d = mw_doc_view(page);
    mw_val list = mw_val_get(d, result, "Accounts");
    mw_arena *arena = &w->n->setup->arena;

    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        mw_val one = mw_val_at(d, list, i);
        const char *id = mw_val_get_str(d, one, "Id", ""), *name = mw_val_get_str(d, one, "Name", NULL);
        const char *status = mw_organization_state(d, one);
        mw_account_entry e = {0};
        if (!mw_is_account_id(id) || !in_list(w, "include", id, name, true) || in_list(w, "exclude", id, name, false))
            continue;
        if (!mw_str_eq(status, "ACTIVE")) {
            mw_log_info("account %s (%s) is %s: skipped", id, name ? name : "", status);
            w->suspended++;
            continue;
        }
        e.id = mw_arena_strdup(arena, id);
        e.name = name ? mw_arena_strdup(arena, name) : NULL;
        e.role = mw_val_get_str(config(w), w->rules, "role", NULL);
        w->st = e.id ? mw_account_list_add(w->n->setup, w->out, &e, w->err)
                     : mw_fail(w->err, MW_ERR_NOMEM, "organization: out of memory");
        if (w->st != MW_OK)
            return false;
    }
    return true;
}

/* @p wanted is a glob, or a list of them. */
static bool value_fits(const mw_doc *d, mw_val wanted, const char *has)
{
    bool list = mw_val_kind(d, wanted) == MW_KIND_ARRAY, fits = false;

    for (size_t i = 0; i < (list ? mw_val_len(d, wanted) : 1) && !fits; i++) {
        const char *glob = mw_val_str(d, list ? mw_val_at(d, wanted, i) : wanted, NULL);
        fits = mw_glob_match(glob ? glob : "", has);
    }
    return fits;
}

static bool tags_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct walk *w = user;
    const mw_doc *d = mw_doc_view(page), *cd = config(w);
    mw_val list = mw_val_get(d, result, "Tags"), wanted = mw_val_get(cd, w->rules, "tags");

    for (size_t i = 0; i < mw_val_len(cd, wanted); i++) {
        mw_val key, value = mw_val_member(cd, wanted, i, &key);
        for (size_t k = 0; k < mw_val_len(d, list) && !w->tags_fit[i]; k++) {
            mw_val tag = mw_val_at(d, list, k);
            w->tags_fit[i] = mw_str_eq(mw_val_get_str(d, tag, "Key", ""), mw_val_str(cd, key, NULL)) &&
                             value_fits(cd, value, mw_val_get_str(d, tag, "Value", ""));
        }
    }
    return true;
}

static mw_status choose_by_tags(struct walk *w, mw_error *err)
{
    size_t kept = 0, count = mw_val_len(config(w), mw_val_get(config(w), w->rules, "tags"));
    mw_status st = MW_OK;

    if (count == 0)
        return MW_OK;
    if (!(w->tags_fit = mw_arena_alloc(&w->n->setup->arena, count * sizeof(*w->tags_fit))))
        return mw_fail(err, MW_ERR_NOMEM, "organization: out of memory");
    for (size_t i = 0; i < w->out->count && st == MW_OK; i++) {
        bool all = true;
        memset(w->tags_fit, 0, count * sizeof(*w->tags_fit));
        st = call(w, "ListTagsForResource", "ResourceId", w->out->items[i].id, tags_page, err);
        for (size_t k = 0; k < count; k++)
            all = all && w->tags_fit[k];
        if (st == MW_OK && all)
            w->out->items[kept++] = w->out->items[i];
    }
    w->out->count = kept;
    return st;
}

/* ---- units ---- */

static bool units_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct walk *w = user;
    const mw_doc *d = mw_doc_view(page);
    mw_val list = mw_val_get(d, result, "OrganizationalUnits");

    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        const char *id = mw_val_get_str(d, mw_val_at(d, list, i), "Id", "");
        bool known = false;
        for (size_t k = 0; k < w->unit_count && !known; k++)
            known = mw_str_eq(w->units[k], id);
        if (known)
            continue;
        if (w->unit_count == UNITS_MAX) {
            w->st = mw_fail(w->err, MW_ERR_LIMIT, "organization: more than %d units", UNITS_MAX);
            return false;
        }
        if (!(w->units[w->unit_count++] = mw_arena_strdup(&w->n->setup->arena, id))) {
            w->st = mw_fail(w->err, MW_ERR_NOMEM, "organization: out of memory");
            return false;
        }
    }
    return true;
}

static mw_status walk_units(struct walk *w, mw_val named, mw_error *err)
{
    const mw_doc *d = config(w);
    mw_status st = MW_OK;

    w->units = mw_arena_alloc(&w->n->setup->arena, UNITS_MAX * sizeof(*w->units));
    if (!w->units)
        return mw_fail(err, MW_ERR_NOMEM, "organization: out of memory");
    for (size_t i = 0; i < mw_val_len(d, named) && i < UNITS_MAX; i++)
        w->units[w->unit_count++] = mw_val_str(d, mw_val_at(d, named, i), NULL);
    for (size_t i = 0; i < w->unit_count && st == MW_OK; i++)
        if ((st = call(w, "ListAccountsForParent", "ParentId", w->units[i], accounts_page, err)) == MW_OK)
            st = call(w, "ListOrganizationalUnitsForParent", "ParentId", w->units[i], units_page, err);
    return st;
}

/* ---- the key ---- */

static mw_status check(const struct walk *w, mw_error *err)
{
    static const char *const keys[] = {"ous", "include", "exclude", "tags", "role"};
    const mw_doc *d = config(w);
    const mw_config *c = &w->n->setup->config;

    for (size_t i = 0; i < mw_val_len(d, w->rules); i++) {
        mw_val key, value = mw_val_member(d, w->rules, i, &key);
        const char *name = mw_val_str(d, key, NULL), *near = mw_nearest(name, keys, MW_COUNT(keys));
        const mw_kind is = mw_val_kind(d, value);
        size_t k = 0;
        char where[128];
        snprintf(where, sizeof(where), "organization.%.80s", name);
        while (k < MW_COUNT(keys) && !mw_str_eq(keys[k], name))
            k++;
        if (k == MW_COUNT(keys))
            return near ? mw_config_fail(c, where, err, "organization: unknown key '%.40s'; did you mean '%s'?", name,
                                         near)
                        : mw_config_fail(c, where, err, "organization: unknown key '%.40s'", name);
        if (k < 3 ? is != MW_KIND_ARRAY : k == 3 ? is != MW_KIND_OBJECT : is != MW_KIND_STRING)
            return mw_config_fail(c, where, err, "organization.%s: expected %s", name,
                                  k < 3    ? "a list"
                                  : k == 3 ? "{tag: value or list of values}"
                                           : "the name of a role");
        for (size_t e = 0; k == 0 && e < mw_val_len(d, value); e++)
            if (!mw_val_str(d, mw_val_at(d, value, e), NULL))
                return mw_config_fail(c, where, err,
                                      "organization.ous: expected ids of units or roots, such as ou-ab12-cdef3456");
    }
    return MW_OK;
}

size_t mw_organization_operations(const mw_setup *s, const char *out[MW_ORGANIZATION_OPERATIONS_MAX])
{
    mw_val rules = mw_config_value(&s->config, "organization");
    size_t n = 0;

    if (rules == MW_VAL_ABSENT)
        return 0;
    if (mw_val_get(s->config.doc, rules, "ous") == MW_VAL_ABSENT) {
        out[n++] = "organizations:ListAccounts";
    } else {
        out[n++] = "organizations:ListAccountsForParent";
        out[n++] = "organizations:ListOrganizationalUnitsForParent";
    }
    if (mw_val_get(s->config.doc, rules, "tags") != MW_VAL_ABSENT)
        out[n++] = "organizations:ListTagsForResource";
    return n;
}

mw_status mw_organization_read(mw_session *n, mw_account_list *out, mw_error *err)
{
    struct walk w = {.n = n, .out = out, .rules = mw_config_value(&n->setup->config, "organization"), .err = err};
    mw_val ous = mw_val_get(config(&w), w.rules, "ous");
    mw_status st = check(&w, err);

    if (st == MW_OK)
        st = ous == MW_VAL_ABSENT ? call(&w, "ListAccounts", NULL, NULL, accounts_page, err) : walk_units(&w, ous, err);
    if (st == MW_OK)
        st = choose_by_tags(&w, err);
    if (st == MW_OK && w.suspended)
        mw_log_warn("organization: %zu account%s skipped, not active ('--verbose' names them)", w.suspended,
                    w.suspended == 1 ? " is" : "s are");
    return st;
}
