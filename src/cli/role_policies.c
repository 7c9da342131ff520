/*
 * A role's policies by calls of IAM, one after the other: there are at most some twenty. A policy
 * that cannot be read fails the whole: a comparison with a part of them would call missing what is
 * there.
 */
#include "cli/role_policies.h"

#include "base/file.h"
#include "base/str.h"

#include <string.h>

#define POLICIES_MAX 128 /* IAM quotas: 20 attached, inline ones by size */
#define FILE_MAX     ((size_t)4 << 20)

struct reading {
    mw_session *n;
    mw_policy_set *set;
    const char *role;
    const char *names[POLICIES_MAX]; /* of inline policies, ARNs of others */
    size_t count;
    const char *text;  /* what a page says: a boundary's ARN, a version */
    const char *label; /* of the policy that is read */
    bool boundary;
    mw_call_result result;
    mw_error *err;
    mw_status st;
};

static const char *keep(struct reading *r, const char *s)
{
    const char *copy = s ? mw_arena_strdup(&r->n->setup->arena, s) : NULL;

    if (s && !copy)
        r->st = mw_fail(r->err, MW_ERR_NOMEM, "out of memory for a role's policies");
    return copy;
}

static void call_done(void *user, const mw_call_result *result)
{
    ((struct reading *)user)->result = *result;
}

/* Parameters are pairs of name and value; a NULL ends them. */
static mw_status call(struct reading *r, const char *operation, const char *const *params,
                      mw_call_page on_page)
{
    mw_session *n = r->n;
    const mw_scope scope = {.partition = n->partition,
                            .account = n->account,
                            .region = n->home_region,
                            .credentials = n->credentials};
    mw_call c = {.scope = &scope,
                 .service = "iam",
                 .operation = operation,
                 .paginate = true,
                 .on_page = on_page,
                 .on_done = call_done,
                 .user = r};
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, r->err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    for (; params[0]; params += 2)
        mw_doc_member_str(b, params[0], params[1]);
    mw_doc_end_object(b);
    c.params_doc = mw_doc_view(b);
    c.params = mw_doc_pop(b);
    r->st = MW_OK;
    if ((st = mw_client_call(n->client, &c, r->err)) == MW_OK)
        st = mw_client_run(n->client, r->err);
    mw_doc_builder_free(b);
    if (st == MW_OK && r->result.status != MW_OK) {
        if (r->err)
            *r->err = r->result.error;
        return mw_error_prefix(r->err, r->result.status, "role %s", r->role);
    }
    return st == MW_OK ? r->st : st;
}

/* ---- pages ---- */

static bool role_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct reading *r = user;
    const mw_doc *d = mw_doc_view(page);

    r->text = keep(
        r, mw_val_str(d, mw_val_path(d, result, "Role.PermissionsBoundary.PermissionsBoundaryArn"),
                      NULL));
    return true;
}

static void add_name(struct reading *r, const char *name)
{
    if (!name)
        return;
    if (r->count == POLICIES_MAX)
        r->st = mw_fail(r->err, MW_ERR_LIMIT, "role %s has more than %d policies", r->role,
                        POLICIES_MAX);
    else if ((name = keep(r, name)) != NULL)
        r->names[r->count++] = name;
}

static bool inline_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct reading *r = user;
    const mw_doc *d = mw_doc_view(page);
    mw_val list = mw_val_get(d, result, "PolicyNames");

    for (size_t i = 0; i < mw_val_len(d, list) && r->st == MW_OK; i++)
        add_name(r, mw_val_str(d, mw_val_at(d, list, i), NULL));
    return r->st == MW_OK;
}

static bool attached_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct reading *r = user;
    const mw_doc *d = mw_doc_view(page);
    mw_val list = mw_val_get(d, result, "AttachedPolicies");

    for (size_t i = 0; i < mw_val_len(d, list) && r->st == MW_OK; i++)
        add_name(r, mw_val_get_str(d, mw_val_at(d, list, i), "PolicyArn", NULL));
    return r->st == MW_OK;
}

static bool policy_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct reading *r = user;
    const mw_doc *d = mw_doc_view(page);

    r->text = keep(r, mw_val_str(d, mw_val_path(d, result, "Policy.DefaultVersionId"), NULL));
    return true;
}

/* The client has decoded the document already. */
static bool document_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct reading *r = user;
    const mw_doc *d = mw_doc_view(page);
    mw_val document = mw_val_get(d, result, "PolicyDocument");

    if (document == MW_VAL_ABSENT)
        document = mw_val_path(d, result, "PolicyVersion.Document");
    r->st = mw_policy_set_add(r->set, r->label, d, document, r->boundary, r->err);
    return r->st == MW_OK;
}

/* ---- reading ---- */

static mw_status read_managed(struct reading *r, const char *arn, bool boundary)
{
    const char *const policy[] = {"PolicyArn", arn, NULL};
    mw_status st;

    r->text = NULL;
    if ((st = call(r, "GetPolicy", policy, policy_page)) != MW_OK)
        return st;
    if (!r->text)
        return mw_fail(r->err, MW_ERR_PARSE, "iam:GetPolicy names no version of %s", arn);
    r->label = strrchr(arn, '/') ? strrchr(arn, '/') + 1 : arn;
    r->boundary = boundary;
    {
        const char *const version[] = {"PolicyArn", arn, "VersionId", r->text, NULL};
        return call(r, "GetPolicyVersion", version, document_page);
    }
}

/* "arn:aws:iam::ACCOUNT:role/path/Name", "/path/Name" and "Name" are Name. */
static mw_status role_name(struct reading *r, const char *role)
{
    const char *slash = strrchr(role, '/'), *account = strstr(role, ":iam::");

    r->role = slash ? slash + 1 : role;
    if (mw_str_starts(role, "arn:") &&
        (!account || !slash ||
         strncmp(account + strlen(":iam::"), r->n->account, strlen(r->n->account)) != 0))
        return mw_fail(r->err, MW_ERR_INVALID,
                       "'%.200s' is no role of account %s, which the credentials belong to", role,
                       r->n->account);
    return MW_OK;
}

mw_status mw_role_policies_read(mw_session *n, const char *role, mw_policy_set *out, mw_error *err)
{
    struct reading r = {.n = n, .set = out, .err = err};
    const char *const named[] = {"RoleName", NULL, NULL};
    const char *params[MW_COUNT(named)];
    const char *boundary;
    mw_status st = role_name(&r, role);

    memcpy(params, named, sizeof(params));
    params[1] = r.role;
    if (st != MW_OK || (st = call(&r, "GetRole", params, role_page)) != MW_OK)
        return st;
    boundary = r.text;
    if ((st = call(&r, "ListRolePolicies", params, inline_page)) != MW_OK)
        return st;
    for (size_t i = 0; i < r.count && st == MW_OK; i++) {
        const char *const one[] = {"RoleName", r.role, "PolicyName", r.names[i], NULL};
        r.label = r.names[i];
        r.boundary = false;
        st = call(&r, "GetRolePolicy", one, document_page);
    }
    r.count = 0;
    if (st == MW_OK)
        st = call(&r, "ListAttachedRolePolicies", params, attached_page);
    for (size_t i = 0; i < r.count && st == MW_OK; i++)
        st = read_managed(&r, r.names[i], false);
    return st == MW_OK && boundary ? read_managed(&r, boundary, true) : st;
}

mw_status mw_policy_file_read(const char *path, mw_policy_set *out, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = FILE_MAX};
    mw_doc_builder *b = NULL;
    const mw_doc *d;
    mw_val root;
    mw_status st;

    if ((st = mw_file_read(path, &text, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
        return st;
    if ((st = mw_json_read(b, text.data ? text.data : "", text.len, NULL, NULL, err)) != MW_OK) {
        mw_error_prefix(err, st, "%s", path);
        goto out;
    }
    root = mw_doc_pop(b);
    d = mw_doc_view(b);
    if (mw_val_kind(d, root) == MW_KIND_ARRAY)
        for (size_t i = 0; i < mw_val_len(d, root) && st == MW_OK; i++)
            st = mw_policy_set_add(out, path, d, mw_val_at(d, root, i), false, err);
    else
        st = mw_policy_set_add(out, path, d, root, false, err);
out:
    mw_doc_builder_free(b);
    return st;
}
