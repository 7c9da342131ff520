/*
 * Packing the verdicts of a run: which bit a verdict is, and which kinds of them a rule has. Relies on the snapshot's
 * promise that resources are sorted, and looks: where they are not, or two are alike, their findings
 * are listed instead, for packed ones must come out in the contract's order.
 */
#include "engine/evaluate_pack.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/finding_internal.h"
#include "engine/rule_internal.h"

#include <string.h>

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for findings");
}

mw_status mw__packer_begin(mw_packer *p, mw_error *err)
{
    p->groups = mw_alloc((p->work->group_count + 1) * sizeof(*p->groups));
    p->kinds = mw_alloc((p->rules->count + 1) * sizeof(*p->kinds));
    return p->groups && p->kinds ? MW_OK : no_memory(err);
}

void mw__packer_clear(mw_packer *p)
{
    mw_free(p->groups);
    mw_free(p->kinds);
    *p = (mw_packer){0};
}

/* ---- subjects ---- */

static bool keep(mw_arena *a, const char **s, const char *before)
{
    if (!*s || (before && strcmp(*s, before) == 0)) {
        *s = *s ? before : NULL;
        return true;
    }
    *s = mw_arena_strdup(a, *s);
    return *s != NULL;
}

static const char *text_of(const mw_snap *s, mw_val resource, mw_atom member)
{
    const char *text = mw_snap_text(s, resource, member);

    return text ? text : "";
}

static mw_status look(mw_packer *p, const mw_work_group *g, struct mw_packer_group *out, mw_error *err)
{
    static const mw_subject none = {0};
    const mw_snap *s = &p->work->snap;
    mw_arena *arena = &p->out->arena;
    mw_subject *all;
    size_t bytes;

    mw__findings_limit(p->out);
    out->looked = true;
    if (!(all = mw_arena_alloc(arena, g->count * sizeof(*all))))
        return no_memory(err);
    for (uint32_t i = 0; i < g->count; i++) {
        mw_val r = mw_val_at(s->doc, g->array, g->offset + i);
        const mw_subject *before = i ? &all[i - 1] : &none;
        mw_subject *to = &all[i];
        *to = (mw_subject){.id = text_of(s, r, s->id),
                           .arn = mw_snap_text(s, r, s->arn),
                           .name = mw_snap_text(s, r, s->name),
                           .account = text_of(s, r, s->account),
                           .region = text_of(s, r, s->region),
                           .partition = text_of(s, r, s->partition)};
        if (!keep(arena, &to->id, NULL) || !keep(arena, &to->arn, before->arn) ||
            !keep(arena, &to->name, mw_str_eq(to->name, to->id) ? to->id : before->name) ||
            !keep(arena, &to->account, before->account) || !keep(arena, &to->region, before->region) ||
            !keep(arena, &to->partition, before->partition))
            return no_memory(err);
        if (i && mw__subject_compare(before, to) >= 0)
            return MW_OK;
        bytes = strlen(to->id) + strlen(to->account) + strlen(to->region) + strlen(to->partition);
        out->longest = bytes > out->longest ? bytes : out->longest;
    }
    out->subjects = all;
    return MW_OK;
}

/* ---- kinds ---- */

static mw_status add_kind(mw_packer *p, const mw_work_group *g, uint32_t number, mw_verdict status, const char *message,
                          mw_error *err)
{
    const struct mw_packer_group *group = &p->groups[g - p->work->groups];
    const mw_rule *rule = &p->rules->items[number].rule;
    const mw_packed kind = {.rule = rule->id,
                            .severity = rule->severity,
                            .type = rule->resource,
                            .status = status,
                            .message = message,
                            .subjects = group->subjects,
                            .subject_count = g->count,
                            .subject_bytes = group->longest};

    return mw_findings_pack(p->out, &kind, err);
}

/* A rule's kind; NULL with MW_OK: it must be listed. */
static mw_status kind_of(mw_packer *p, const mw_work_group *g, uint32_t number, mw_verdict status, const char *message,
                         mw_packed **out, mw_error *err)
{
    uint32_t *kinds = p->kinds[number];
    size_t i = 0;
    mw_status st;

    for (; i < MW_PACKED_KINDS && kinds[i]; i++) {
        *out = &p->out->packed[kinds[i] - 1];
        if ((*out)->status == status && ((*out)->message == message || mw_str_eq((*out)->message, message)))
            return MW_OK;
    }
    *out = NULL;
    if (i == MW_PACKED_KINDS)
        return MW_OK;
    if ((st = add_kind(p, g, number, status, message, err)) != MW_OK)
        return st == MW_ERR_LIMIT ? MW_OK : st;
    kinds[i] = (uint32_t)p->out->packed_count;
    *out = &p->out->packed[p->out->packed_count - 1];
    return MW_OK;
}

mw_status mw__packer_take(mw_packer *p, uint32_t item, const uint32_t *rules, size_t count, mw_verdict status,
                          const char *message, size_t *taken, mw_error *err)
{
    const mw_work_group *g = mw_work_group_of(p->work, item);
    struct mw_packer_group *group = &p->groups[g - p->work->groups];
    mw_status st = group->looked ? MW_OK : look(p, g, group, err);

    for (*taken = 0; st == MW_OK && group->subjects && *taken < count; ++*taken) {
        mw_packed *kind;
        if ((st = kind_of(p, g, rules[*taken], status, message, &kind, err)) != MW_OK || !kind)
            break;
        mw_packed_set(kind, item - g->first);
    }
    return st;
}
