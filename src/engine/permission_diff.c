/*
 * IAM's evaluation, as far as a policy decides without a request: an explicit Deny ends it, an
 * Allow of the identity policies is needed, and one of the boundary where there is any. A statement
 * with conditions, or on some resources only, may or may not hold: what hangs on it is conditional.
 * Sources: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements: NotAction".
 * Must never call allowed what a request could find denied by these policies.
 */
#include "engine/permission_diff.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for permissions");
}

const char *mw_grant_name(mw_grant g)
{
    static const char *const names[] = {"allowed", "conditional", "missing"};

    return names[g];
}

/* ---- policies ---- */

mw_status mw_policy_set_begin(mw_policy_set *s, mw_error *err)
{
    *s = (mw_policy_set){0};
    return mw_doc_builder_new(NULL, &s->b, err);
}

void mw_policy_set_clear(mw_policy_set *s)
{
    mw_doc_builder_free(s->b);
    mw_arena_clear(&s->arena);
    *s = (mw_policy_set){0};
}

/* One thing or a list of them, as policies write both. */
static size_t list_len(const mw_doc *d, mw_val v)
{
    return mw_val_kind(d, v) == MW_KIND_ARRAY ? mw_val_len(d, v) : v != MW_VAL_ABSENT;
}

static mw_val list_at(const mw_doc *d, mw_val v, size_t i)
{
    return mw_val_kind(d, v) == MW_KIND_ARRAY ? mw_val_at(d, v, i) : v;
}

static bool texts(const mw_doc *d, mw_val v)
{
    for (size_t i = 0; i < list_len(d, v); i++)
        if (!mw_val_str(d, list_at(d, v, i), NULL))
            return false;
    return list_len(d, v) > 0;
}

static bool is_policy(const mw_doc *d, mw_val document)
{
    mw_val statements = mw_val_get(d, document, "Statement");

    if (mw_val_kind(d, document) != MW_KIND_OBJECT)
        return false;
    for (size_t i = 0; i < list_len(d, statements); i++) {
        mw_val s = list_at(d, statements, i);
        const char *effect;
        if (mw_val_kind(d, s) != MW_KIND_OBJECT)
            return false;
        effect = mw_val_get_str(d, s, "Effect", "");
        if ((!mw_str_eq(effect, "Allow") && !mw_str_eq(effect, "Deny")) ||
            texts(d, mw_val_get(d, s, "Action")) == texts(d, mw_val_get(d, s, "NotAction")))
            return false;
    }
    return statements != MW_VAL_ABSENT;
}

mw_status mw_policy_set_add(mw_policy_set *s, const char *name, const mw_doc *d, mw_val document, bool boundary,
                            mw_error *err)
{
    struct mw_policy_entry *items = s->items;
    size_t cap = s->cap ? s->cap * 2 : 8;
    mw_status st;

    if (!is_policy(d, document))
        return mw_fail(err, MW_ERR_INVALID,
                       "%.200s is no IAM policy: expected a Statement with Effect and Action or NotAction", name);
    if (s->count == s->cap) {
        if (!(items = mw_arena_alloc(&s->arena, cap * sizeof(*items))))
            return no_memory(err);
        if (s->count)
            memcpy(items, s->items, s->count * sizeof(*items));
        s->items = items;
        s->cap = cap;
    }
    mw_doc_add_copy(s->b, d, document);
    if ((st = mw_doc_builder_status(s->b, err)) != MW_OK)
        return st;
    items[s->count] = (struct mw_policy_entry){mw_arena_strdup(&s->arena, name), mw_doc_pop(s->b), boundary};
    if (!items[s->count].name)
        return no_memory(err);
    s->count++;
    return MW_OK;
}

/* ---- matching ---- */

/* IAM folds the case of actions. */
static char *folded(mw_arena *arena, const char *s)
{
    char *copy = mw_arena_strdup(arena, s);

    for (char *p = copy; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static bool any_matches(const mw_doc *d, mw_val patterns, const char *action, mw_arena *scratch, bool *out_of_memory)
{
    for (size_t i = 0; i < list_len(d, patterns); i++) {
        const char *text = mw_val_str(d, list_at(d, patterns, i), NULL);
        char *pattern = text ? folded(scratch, text) : NULL;
        *out_of_memory = *out_of_memory || (text && !pattern);
        if (pattern && mw_glob_match(pattern, action))
            return true;
    }
    return false;
}

/* Does it hold whatever the request? */
static bool unconditional(const mw_doc *d, mw_val statement)
{
    mw_val resources = mw_val_get(d, statement, "Resource");

    if (mw_val_len(d, mw_val_get(d, statement, "Condition")) > 0 ||
        mw_val_get(d, statement, "NotResource") != MW_VAL_ABSENT)
        return false;
    for (size_t i = 0; i < list_len(d, resources); i++)
        if (mw_str_eq(mw_val_str(d, list_at(d, resources, i), NULL), "*"))
            return true;
    return resources == MW_VAL_ABSENT;
}

/* What the policies of one kind say of an action; the best Allow and the worst Deny. */
struct verdict {
    bool any, allow, maybe_allow, deny, maybe_deny;
    const char *allower, *denier; /* of the conditional ones, and of the Deny */
};

static bool judge(const mw_policy_set *s, bool boundary, const char *action, mw_arena *scratch, struct verdict *v)
{
    const mw_doc *d = mw_doc_view(s->b);
    bool out_of_memory = false;

    *v = (struct verdict){0};
    for (size_t i = 0; i < s->count; i++) {
        mw_val statements = mw_val_get(d, s->items[i].document, "Statement");
        if (s->items[i].boundary != boundary)
            continue;
        v->any = true;
        for (size_t k = 0; k < list_len(d, statements); k++) {
            mw_val one = list_at(d, statements, k), not = mw_val_get(d, one, "NotAction");
            bool sure = unconditional(d, one);
            bool hit = not != MW_VAL_ABSENT
                           ? !any_matches(d, not, action, scratch, &out_of_memory)
                           : any_matches(d, mw_val_get(d, one, "Action"), action, scratch, &out_of_memory);
            if (!hit)
                continue;
            if (mw_str_eq(mw_val_get_str(d, one, "Effect", ""), "Deny")) {
                if (!v->denier || (sure && !v->deny))
                    v->denier = s->items[i].name;
                *(sure ? &v->deny : &v->maybe_deny) = true;
            } else {
                if (!v->allower)
                    v->allower = s->items[i].name;
                *(sure ? &v->allow : &v->maybe_allow) = true;
            }
        }
    }
    return !out_of_memory;
}

static mw_status grant_of(const mw_policy_set *s, const char *action, mw_arena *arena, mw_permission_grant *out,
                          mw_error *err)
{
    MW_AUTO(mw_arena) scratch = {0};
    const char *name = folded(&scratch, action);
    struct verdict own, limit;

    if (!name || !judge(s, false, name, &scratch, &own) || !judge(s, true, name, &scratch, &limit))
        return no_memory(err);
    *out = (mw_permission_grant){MW_GRANT_MISSING, NULL};
    if (own.deny || limit.deny) {
        out->why = mw_arena_printf(arena, "denied by %s", own.deny ? own.denier : limit.denier);
    } else if (!own.allow && !own.maybe_allow) {
        out->why = mw_arena_strdup(arena, "no policy allows it");
    } else if (limit.any && !limit.allow && !limit.maybe_allow) {
        out->why = mw_arena_strdup(arena, "the permissions boundary does not allow it");
    } else if (own.maybe_deny || limit.maybe_deny) {
        out->grant = MW_GRANT_CONDITIONAL;
        out->why = mw_arena_printf(arena, "denied by %s where its condition or resource fits",
                                   own.maybe_deny ? own.denier : limit.denier);
    } else if (!own.allow || (limit.any && !limit.allow)) {
        out->grant = MW_GRANT_CONDITIONAL;
        out->why = mw_arena_printf(arena, "allowed by %s under a condition or for some resources only",
                                   !own.allow ? own.allower : limit.allower);
    } else {
        out->grant = MW_GRANT_ALLOWED;
        return MW_OK;
    }
    return out->why ? MW_OK : no_memory(err);
}

/* ---- what is allowed besides ---- */

static mw_status add_surplus(mw_permission_diff *d, const char *action, const char *policy, bool wildcard,
                             mw_error *err)
{
    mw_permission_surplus *items = d->surplus;
    size_t cap = d->surplus_cap ? d->surplus_cap * 2 : 16;

    if (d->surplus_count == d->surplus_cap) {
        if (!(items = mw_arena_alloc(&d->arena, cap * sizeof(*items))))
            return no_memory(err);
        if (d->surplus_count)
            memcpy(items, d->surplus, d->surplus_count * sizeof(*items));
        d->surplus = items;
        d->surplus_cap = cap;
    }
    items[d->surplus_count] =
        (mw_permission_surplus){mw_arena_strdup(&d->arena, action), mw_arena_strdup(&d->arena, policy), wildcard};
    if (!items[d->surplus_count].action || !items[d->surplus_count].policy)
        return no_memory(err);
    d->surplus_count++;
    return MW_OK;
}

static bool needed(const mw_permissions *p, const char *action)
{
    for (size_t i = 0; i < p->count; i++)
        if (mw_str_ieq(p->items[i].action, action))
            return true;
    return false;
}

static mw_status surplus_of(const mw_permissions *p, const mw_policy_set *s, size_t policy, mw_permission_diff *out,
                            mw_error *err)
{
    const mw_doc *d = mw_doc_view(s->b);
    const char *name = s->items[policy].name;
    mw_val statements = mw_val_get(d, s->items[policy].document, "Statement");
    mw_status st = MW_OK;

    for (size_t k = 0; k < list_len(d, statements) && st == MW_OK; k++) {
        mw_val one = list_at(d, statements, k), actions = mw_val_get(d, one, "Action"),
               not = mw_val_get(d, one, "NotAction");
        if (!mw_str_eq(mw_val_get_str(d, one, "Effect", ""), "Allow"))
            continue;
        for (size_t i = 0; i < list_len(d, actions) && st == MW_OK; i++) {
            const char *action = mw_val_str(d, list_at(d, actions, i), NULL);
            bool wildcard = strpbrk(action, "*?") != NULL;
            if (wildcard || !needed(p, action))
                st = add_surplus(out, action, name, wildcard, err);
        }
        if (not != MW_VAL_ABSENT) {
            MW_AUTO(mw_buf) text = {.max = 1 << 20};
            mw_buf_puts(&text, "everything but ");
            for (size_t i = 0; i < list_len(d, not ); i++)
                mw_buf_printf(&text, "%s%s", i ? ", " : "", mw_val_str(d, list_at(d, not, i), NULL));
            if ((st = mw_buf_status(&text, err)) == MW_OK)
                st = add_surplus(out, text.data, name, true, err);
        }
    }
    return st;
}

static int by_action(const void *a, const void *b)
{
    const mw_permission_surplus *x = a, *y = b;
    int c = strcmp(x->action, y->action);

    return c ? c : strcmp(x->policy, y->policy);
}

mw_status mw_permissions_compare(const mw_permissions *p, const mw_policy_set *s, mw_permission_diff *out,
                                 mw_error *err)
{
    mw_status st = MW_OK;
    size_t kept = 0;

    *out = (mw_permission_diff){0};
    if (!(out->grants = mw_arena_alloc(&out->arena, (p->count + 1) * sizeof(*out->grants))))
        return no_memory(err);
    for (size_t i = 0; i < p->count && st == MW_OK; i++) {
        st = grant_of(s, p->items[i].action, &out->arena, &out->grants[i], err);
        out->missing += out->grants[i].grant == MW_GRANT_MISSING;
        out->conditional += out->grants[i].grant == MW_GRANT_CONDITIONAL;
    }
    for (size_t i = 0; i < s->count && st == MW_OK; i++)
        if (!s->items[i].boundary)
            st = surplus_of(p, s, i, out, err);
    if (out->surplus_count > 1)
        qsort(out->surplus, out->surplus_count, sizeof(*out->surplus), by_action);
    for (size_t i = 0; i < out->surplus_count; i++) /* the same action in two statements of a policy */
        if (i == 0 || by_action(&out->surplus[kept - 1], &out->surplus[i]) != 0)
            out->surplus[kept++] = out->surplus[i];
    out->surplus_count = kept;
    return st;
}

const char *mw_permission_diff_everything(const mw_permission_diff *d)
{
    for (size_t i = 0; i < d->surplus_count; i++)
        if (mw_str_eq(d->surplus[i].action, "*") || mw_str_eq(d->surplus[i].action, "*:*"))
            return d->surplus[i].policy;
    return NULL;
}

void mw_permission_diff_clear(mw_permission_diff *d)
{
    mw_arena_clear(&d->arena);
    *d = (mw_permission_diff){0};
}
