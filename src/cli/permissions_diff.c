/* The comparison in words and as JSON. What is missing comes with the rules that are unknown
 * without it. */
#include "cli/permissions_diff.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/role_policies.h"
#include "report/term.h"

#include <string.h>

static mw_status read_role(mw_setup *s, const char *role, mw_policy_set *out, mw_error *err)
{
    static const char *const operations[] = {"sts:GetCallerIdentity", MW_ROLE_OPERATIONS, MW_USER_OPERATIONS};
    mw_session n = {0};
    mw_scope scope;
    mw_status st = mw_session_open(s, &n, err);

    n.no_regions = true;
    if (st == MW_OK && (st = mw_client_allow(n.client, operations, MW_COUNT(operations), err)) == MW_OK &&
        (st = mw_session_identify(&n, err)) == MW_OK) {
        scope = (mw_scope){
            .partition = n.partition, .account = n.account, .region = n.home_region, .credentials = n.credentials};
        st = mw_role_policies_read(&n, &scope, role, out, NULL, err);
    }
    mw_session_clear(&n);
    return st;
}

/* ---- words ---- */

static void rules_lines(mw_buf *out, const mw_words *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        mw_buf_puts(out, "    ");
        mw_term_text(out, rules->items[i]);
        mw_buf_putc(out, '\n');
    }
}

static void grants_text(const mw_permissions *p, const mw_permission_diff *d, mw_grant grant, mw_buf *out)
{
    for (size_t i = 0; i < p->count; i++) {
        if (d->grants[i].grant != grant)
            continue;
        mw_buf_printf(out, "  %s: ", p->items[i].action);
        mw_term_text(out, d->grants[i].why);
        mw_buf_putc(out, '\n');
        rules_lines(out, &p->items[i].rules);
    }
}

static mw_status write_text(const mw_permissions *p, const mw_permission_diff *d, mw_buf *out, mw_error *err)
{
    mw_buf_printf(out, "%zu of %zu actions are allowed", p->count - d->missing - d->conditional, p->count);
    mw_buf_printf(out, ", %zu conditional, %zu missing\n", d->conditional, d->missing);
    if (d->missing)
        mw_buf_puts(out, "\nmissing, and the rules that are unknown without them\n");
    grants_text(p, d, MW_GRANT_MISSING, out);
    if (d->conditional)
        mw_buf_puts(out, "\nconditional, and the rules that hang on them\n");
    grants_text(p, d, MW_GRANT_CONDITIONAL, out);
    if (d->surplus_count)
        mw_buf_puts(out, "\nallowed and not needed\n");
    for (size_t i = 0; i < d->surplus_count; i++) {
        mw_buf_puts(out, "  ");
        mw_term_text(out, d->surplus[i].action);
        mw_buf_puts(out, " (");
        mw_term_text(out, d->surplus[i].policy);
        mw_buf_puts(out, d->surplus[i].wildcard ? "; wildcard)\n" : ")\n");
    }
    return mw_buf_status(out, err);
}

/* ---- JSON ---- */

static mw_status write_json(const mw_permissions *p, const mw_permission_diff *d, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_ckey(b, "actions");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < p->count; i++) {
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "action", p->items[i].action);
        mw_doc_member_str(b, "grant", mw_grant_name(d->grants[i].grant));
        mw_doc_member_str(b, "why", d->grants[i].why);
        mw_doc_ckey(b, "rules");
        mw_doc_begin_array(b);
        for (size_t k = 0; k < p->items[i].rules.count; k++)
            mw_doc_add_cstr(b, p->items[i].rules.items[k]);
        mw_doc_end_array(b);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    mw_doc_member_int(b, "missing", (int64_t)d->missing);
    mw_doc_member_int(b, "conditional", (int64_t)d->conditional);
    mw_doc_ckey(b, "surplus");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < d->surplus_count; i++) {
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "action", d->surplus[i].action);
        mw_doc_member_str(b, "policy", d->surplus[i].policy);
        mw_doc_member_bool(b, "wildcard", d->surplus[i].wildcard);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    st = mw_cli_json(b, out, err);
    mw_doc_builder_free(b);
    return st;
}

static void warn_of_everything(const mw_permission_diff *d)
{
    const char *policy = mw_permission_diff_everything(d);

    if (policy)
        mw_log_warn("%s allows every action there is", policy);
}

int mw_permissions_diff(mw_setup *s, const mw_permissions *p, const char *target)
{
    MW_AUTO(mw_policy_set) set = {0};
    MW_AUTO(mw_permission_diff) d = {0};
    MW_AUTO(mw_buf) out = {0};
    mw_error err = {0};
    mw_status st = mw_policy_set_begin(&set, &err);

    if (st == MW_OK)
        st = mw_file_exists(target) ? mw_policy_file_read(target, &set, &err) : read_role(s, target, &set, &err);
    if (st == MW_OK)
        st = mw_permissions_compare(p, &set, &d, &err);
    if (st == MW_OK)
        st = mw_str_eq(mw_args_get(s->cli->args, "output"), "json") ? write_json(p, &d, &out, &err)
                                                                    : write_text(p, &d, &out, &err);
    if (st != MW_OK)
        return mw_cli_fail(&err);
    warn_of_everything(&d);
    return mw_cli_print(out.data, out.len, d.missing ? MW_EXIT_FINDINGS : MW_EXIT_OK);
}
