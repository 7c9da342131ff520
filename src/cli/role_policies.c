/*
 * The policies of a role or a user by calls of IAM, one after the other: there are at most some
 * twenty. A policy that cannot be read fails the whole: a comparison with a part of them would call
 * missing what is there.
 */
#include "cli/role_policies.h"

#include "base/file.h"
#include "base/str.h"
#include "inventory/cause.h"

#include <string.h>

#define POLICIES_MAX 128 /* IAM quotas: 20 attached, inline ones by size */
#define FILE_MAX     ((size_t)4 << 20)

/* What a list operation gives: texts, or objects of which one member is the name. */
struct names {
    const char *list, *member;
    const char *items[POLICIES_MAX];
    size_t count;
};

struct reading {
    mw_session *n;
    const mw_scope *scope;
    mw_policy_set *set;
    const char *who;     /* for messages: "role Reader" */
    struct names *names; /* that a list fills */
    const char *text;    /* what a page says: a boundary's ARN, a version */
    const char *label;   /* of the policy that is read */
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
static mw_status call(struct reading *r, const char *operation, const char *const *params, mw_call_page on_page)
{
    mw_call c = {.scope = r->scope,
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
    if ((st = mw_client_call(r->n->client, &c, r->err)) == MW_OK)
        st = mw_client_run(r->n->client, r->err);
    mw_doc_builder_free(b);
    if (st == MW_OK && r->result.status != MW_OK) {
        if (r->err)
            *r->err = r->result.error;
        return mw_error_prefix(r->err, r->result.status, "%s", r->who);
    }
    return st == MW_OK ? r->st : st;
}

/* ---- pages ---- */

/* What an answer lacks may be the boundary, or the policy that denies: no answer is less than whole. */
static void lacks(struct reading *r, const char *what)
{
    r->st = mw_fail(r->err, MW_ERR_PARSE, "%s: an answer of IAM lacks %s", r->who, what);
}

static bool owner_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct reading *r = user;
    const mw_doc *d = mw_doc_view(page);
    mw_val role = mw_val_get(d, result, "Role"), owner = role != MW_VAL_ABSENT ? role : mw_val_get(d, result, "User");
    mw_val boundary = mw_val_get(d, owner, "PermissionsBoundary");

    if (mw_val_kind(d, owner) != MW_KIND_OBJECT)
        lacks(r, "the role or user");
    else if (mw_val_kind(d, boundary) == MW_KIND_OBJECT &&
             !(r->text = keep(r, mw_val_get_str(d, boundary, "PermissionsBoundaryArn", NULL))) && r->st == MW_OK)
        lacks(r, "the ARN of the permissions boundary");
    return r->st == MW_OK;
}

static void add_name(struct reading *r, const char *name)
{
    if (!name)
        lacks(r, r->names->member ? r->names->member : r->names->list);
    else if (r->names->count == POLICIES_MAX)
        r->st = mw_fail(r->err, MW_ERR_LIMIT, "%s has more than %d policies", r->who, POLICIES_MAX);
    else if ((name = keep(r, name)) != NULL)
        r->names->items[r->names->count++] = name;
}

static bool names_page(void *user, mw_doc_builder *page, mw_val result)
{
    struct reading *r = user;
    const mw_doc *d = mw_doc_view(page);
    mw_val list = mw_val_get(d, result, r->names->list);

    if (mw_val_kind(d, list) != MW_KIND_ARRAY)
        lacks(r, r->names->list);
    for (size_t i = 0; i < mw_val_len(d, list) && r->st == MW_OK; i++) {
        mw_val item = mw_val_at(d, list, i);
        add_name(r, r->names->member ? mw_val_get_str(d, item, r->names->member, NULL) : mw_val_str(d, item, NULL));
    }
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

/* What has policies, and the operations that tell them. */
struct owner {
    const char *kind, *param, *get, *list_inline, *get_inline, *list_attached;
};
static const struct owner a_role = {
    "role", "RoleName", "GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies"};
static const struct owner a_user = {
    "user", "UserName", "GetUser", "ListUserPolicies", "GetUserPolicy", "ListAttachedUserPolicies"};
static const struct owner a_group = {
    "group", "GroupName", NULL, "ListGroupPolicies", "GetGroupPolicy", "ListAttachedGroupPolicies"};

static mw_status read_names(struct reading *r, const char *operation, const char *const *params, struct names *out)
{
    r->names = out;
    return call(r, operation, params, names_page);
}

static mw_status read_owner(struct reading *r, const struct owner *o, const char *name)
{
    const char *const named[] = {o->param, name, NULL};
    const char *boundary = NULL;
    struct names own = {.list = "PolicyNames"}, attached = {.list = "AttachedPolicies", .member = "PolicyArn"};
    mw_status st;

    if (!(r->who = mw_arena_printf(&r->n->setup->arena, "%s %s", o->kind, name)))
        return mw_fail(r->err, MW_ERR_NOMEM, "out of memory for a role's policies");
    r->text = NULL;
    if (o->get && (st = call(r, o->get, named, owner_page)) != MW_OK)
        return st;
    boundary = o->get ? r->text : NULL;
    if ((st = read_names(r, o->list_inline, named, &own)) != MW_OK)
        return st;
    for (size_t i = 0; i < own.count && st == MW_OK; i++) {
        const char *const one[] = {o->param, name, "PolicyName", own.items[i], NULL};
        r->label = own.items[i];
        r->boundary = false;
        st = call(r, o->get_inline, one, document_page);
    }
    if (st == MW_OK)
        st = read_names(r, o->list_attached, named, &attached);
    for (size_t i = 0; i < attached.count && st == MW_OK; i++)
        st = read_managed(r, attached.items[i], false);
    return st == MW_OK && boundary ? read_managed(r, boundary, true) : st;
}

static mw_status read_groups(struct reading *r, const char *name)
{
    const char *const named[] = {a_user.param, name, NULL};
    struct names groups = {.list = "Groups", .member = "GroupName"};
    mw_status st = read_names(r, "ListGroupsForUser", named, &groups);

    for (size_t i = 0; i < groups.count && st == MW_OK; i++)
        st = read_owner(r, &a_group, groups.items[i]);
    return st;
}

/* ---- whose they are ---- */

/* The fields of "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE": what stands after the @p n-th
 * colon. */
static const char *after_colons(const char *arn, int n)
{
    for (; arn && n > 0; n--)
        arn = (arn = strchr(arn, ':')) != NULL ? arn + 1 : NULL;
    return arn;
}

mw_principal mw_principal_parse(const char *text)
{
    const char *service = mw_str_starts(text, "arn:") ? after_colons(text, 2) : NULL,
               *what = service ? after_colons(service, 3) : NULL, *slash;
    bool iam = service && mw_str_starts(service, "iam:"), sts = service && mw_str_starts(service, "sts:");
    mw_principal p = {.kind = MW_PRINCIPAL_OTHER};

    if (!mw_str_starts(text, "arn:") || (what && iam && mw_str_starts(what, "role/")))
        p.kind = MW_PRINCIPAL_ROLE;
    else if (what && iam && mw_str_starts(what, "user/"))
        p.kind = MW_PRINCIPAL_USER;
    else if (what && iam && mw_str_eq(what, "root"))
        p.kind = MW_PRINCIPAL_ROOT;
    else if (what && sts && mw_str_starts(what, "assumed-role/")) {
        p.kind = MW_PRINCIPAL_ROLE; /* …/Name/session */
        p.name = what + strlen("assumed-role/");
        p.len = strcspn(p.name, "/");
        return p;
    }
    slash = strrchr(text, '/');
    p.name = slash ? slash + 1 : what ? what : text;
    p.len = strlen(p.name);
    return p;
}

mw_status mw_role_policies_read(mw_session *n, const mw_scope *scope, const char *principal, mw_policy_set *out,
                                bool *denied, mw_error *err)
{
    struct reading r = {.n = n, .scope = scope, .set = out, .err = err};
    const mw_principal p = mw_principal_parse(principal);
    const char *account = mw_str_starts(principal, "arn:") ? after_colons(principal, 4) : NULL,
               *name = mw_arena_strndup(&n->setup->arena, p.name, p.len);
    size_t len = strlen(scope->account);
    mw_status st;

    if (denied)
        *denied = false;
    if (!name)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for a role's policies");
    if ((p.kind != MW_PRINCIPAL_ROLE && p.kind != MW_PRINCIPAL_USER) || p.len == 0)
        return mw_fail(err, MW_ERR_INVALID, "'%.200s' is neither a role nor a user", principal);
    if (account && (strncmp(account, scope->account, len) != 0 || account[len] != ':'))
        return mw_fail(err, MW_ERR_INVALID, "'%.200s' is not of account %s, which the credentials belong to", principal,
                       scope->account);
    st = read_owner(&r, p.kind == MW_PRINCIPAL_USER ? &a_user : &a_role, name);
    if (st == MW_OK && p.kind == MW_PRINCIPAL_USER)
        st = read_groups(&r, name);
    if (denied && st == MW_ERR_AWS)
        *denied = mw_cause_is_denial(mw_cause_classify(r.result.aws.code, r.result.aws.message));
    return st;
}

mw_status mw_policy_file_read(const char *path, mw_policy_set *out, mw_error *err)
{
    MW_AUTO(mw_buf) text = {.max = FILE_MAX};
    mw_doc_builder *b = NULL;
    const mw_doc *d;
    mw_val root;
    mw_status st;

    if ((st = mw_file_read(path, &text, err)) != MW_OK || (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK)
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
