/*
 * Permissions of rules: each operation of their plans becomes the actions that it takes. Relies on
 * the plan, which is what the collector calls and nothing else; so the list can neither lack what a
 * sweep needs nor hold what it does not.
 */
#include "engine/permissions.h"

#include "aws/action.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define PERMISSIONS_MAX 20000u /* AWS has some 18,000 actions */

void mw_permissions_clear(mw_permissions *p)
{
    mw_arena_clear(&p->arena);
    *p = (mw_permissions){0};
}

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for permissions");
}

/* A list of @p size bytes an element, with room for one more; old ones stay in the arena. */
static bool grow(mw_arena *arena, void *items, size_t count, size_t *cap, size_t size)
{
    void **at = items, *grown;
    size_t wanted = *cap ? *cap * 2 : 4;

    if (count < *cap)
        return true;
    if (!(grown = mw_arena_alloc(arena, wanted * size)))
        return false;
    if (count)
        memcpy(grown, *at, count * size);
    *at = grown;
    *cap = wanted;
    return true;
}

/* ---- words ---- */

static mw_status add_word(mw_arena *arena, mw_words *w, const char *text, mw_error *err)
{
    size_t low = 0, high = w->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = strcmp(w->items[middle], text);
        if (c == 0)
            return MW_OK;
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (!grow(arena, &w->items, w->count, &w->cap, sizeof(*w->items)) || !(text = mw_arena_strdup(arena, text)))
        return no_memory(err);
    memmove(&w->items[low + 1], &w->items[low], (w->count - low) * sizeof(*w->items));
    w->items[low] = text;
    w->count++;
    return MW_OK;
}

/* ---- actions ---- */

static bool find(const mw_permissions *p, const char *action, size_t *at)
{
    size_t low = 0, high = p->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = strcmp(p->items[middle].action, action);
        if (c == 0) {
            *at = middle;
            return true;
        }
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return false;
}

const mw_permission *mw_permissions_get(const mw_permissions *p, const char *action)
{
    size_t at;

    return find(p, action, &at) ? &p->items[at] : NULL;
}

static mw_status action_at(mw_permissions *p, const char *action, mw_permission **out, mw_error *err)
{
    size_t at;

    if (!find(p, action, &at)) {
        if (p->count == PERMISSIONS_MAX)
            return mw_fail(err, MW_ERR_LIMIT, "more than %u IAM actions", PERMISSIONS_MAX);
        if (!grow(&p->arena, &p->items, p->count, &p->cap, sizeof(*p->items)))
            return no_memory(err);
        memmove(&p->items[at + 1], &p->items[at], (p->count - at) * sizeof(*p->items));
        p->items[at] = (mw_permission){.action = action};
        p->count++;
    }
    *out = &p->items[at];
    return MW_OK;
}

mw_status mw_permissions_add(mw_permissions *p, const mw_models *models, const char *operation, const char *part,
                             const char *rule, mw_error *err)
{
    const char *colon = strchr(operation, ':'), *actions[MW_ACTIONS_OF_MAX];
    char *service;
    size_t count = 0;
    mw_status st;

    if (!colon)
        return mw_fail(err, MW_ERR_INVALID, "'%.100s' is no operation, such as s3:ListBuckets", operation);
    if (!(service = mw_arena_strndup(&p->arena, operation, (size_t)(colon - operation))))
        return no_memory(err);
    st = mw_operation_actions(models, service, colon + 1, &p->arena, actions, &count, err);
    for (size_t i = 0; i < count && st == MW_OK; i++) {
        mw_permission *one = NULL;
        if ((st = action_at(p, actions[i], &one, err)) == MW_OK &&
            (st = add_word(&p->arena, &one->operations, operation, err)) == MW_OK &&
            (st = add_word(&p->arena, &one->parts, part, err)) == MW_OK && rule)
            st = add_word(&p->arena, &one->rules, rule, err);
    }
    return st;
}

struct adding {
    mw_permissions *p;
    const mw_models *models;
    const char *rule;
    mw_error *err;
    mw_status st;
};

static void add_read(void *user, const char *operation, const char *type, const char *part)
{
    struct adding *a = user;
    MW_AUTO(mw_buf) text = {.max = 4096};

    if (a->st != MW_OK)
        return;
    mw_buf_printf(&text, "%s%s%s", type, part ? "." : "", part ? part : "");
    if ((a->st = mw_buf_status(&text, a->err)) == MW_OK)
        a->st = mw_permissions_add(a->p, a->models, operation, text.data, a->rule, a->err);
}

mw_status mw_permissions_add_plan(mw_permissions *p, const mw_models *models, const mw_plan *plan, const char *rule,
                                  mw_error *err)
{
    struct adding a = {.p = p, .models = models, .rule = rule, .err = err};

    mw_plan_each_read(plan, add_read, &a);
    return a.st;
}
