/* A plan in words and as JSON: which calls, how often, for whom, and what the models cannot do. */
#include "inventory/plan_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static const char *const per_names[] = {"account", "region", "parent", "resource", "batch", "value"};

static int by_name(const void *pa, const void *pb)
{
    const plan_call *a = *(const plan_call *const *)pa, *b = *(const plan_call *const *)pb;
    int c = a->per != b->per ? (a->per < b->per ? -1 : 1) : strcmp(a->name, b->name);

    return c ? c : strcmp(a->signature, b->signature);
}

static size_t times(const plan_call *c, size_t accounts, size_t regions)
{
    return c->per == PER_ACCOUNT ? accounts : c->per == PER_REGION ? accounts * regions : 0;
}

static void add_readers(const plan_call *c, mw_buf *out)
{
    size_t n = 0;

    for (const plan_reader *r = c->readers; r; r = r->next)
        mw_buf_printf(out, "%s%s%s%s", n++ ? ", " : "", r->type, r->part ? "." : "", r->part ? r->part : "");
}

/* Where the call stands in the plan: the figures are in that order. */
static uint64_t requests_of(const mw_plan *p, const mw_plan_view *v, const plan_call *c)
{
    size_t i = 0;

    while (i < p->call_count && p->calls[i] != c)
        i++;
    return v->requests && i < p->call_count ? v->requests[i] : 0;
}

static void describe_text(const mw_plan *p, plan_call *const *calls, const mw_plan_view *v, mw_buf *out)
{
    static const char *const titles[] = {"once per account",
                                         "once per region",
                                         "once per item of the parent type",
                                         "once per resource",
                                         "once per batch of resources",
                                         "once per value"};
    size_t least = 0, lacking = 0, width = 0, accounts = v->accounts, regions = v->regions;
    plan_per last = PER_VALUE;

    for (size_t i = 0; i < p->call_count; i++) {
        least += calls[i]->op ? times(calls[i], accounts, regions) : 0;
        lacking += calls[i]->op == NULL;
        if (strlen(calls[i]->name) > width)
            width = strlen(calls[i]->name);
    }
    mw_buf_printf(out,
                  "%zu distinct API calls for %zu resource types in %zu account%s and %zu "
                  "region%s; at least %zu requests before paging and per-resource calls\n",
                  p->call_count, p->count, accounts, accounts == 1 ? "" : "s", regions, regions == 1 ? "" : "s", least);
    for (size_t i = 0; i < p->call_count; i++) {
        const plan_call *c = calls[i];
        if (i == 0 || c->per != last)
            mw_buf_printf(out, "\n%s\n", titles[c->per]);
        last = c->per;
        mw_buf_printf(out, "  %-*s  ", (int)width, c->name);
        add_readers(c, out);
        if (c->batch > 1)
            mw_buf_printf(out, " (%u per call)", c->batch);
        if (c->prepared)
            mw_buf_printf(out, " (after %s)", c->prepare_name);
        if (v->requests && c->op)
            mw_buf_printf(out, " ~%llu", (unsigned long long)requests_of(p, v, c));
        if (!c->op)
            mw_buf_puts(out, " [unknown: the models lack it]");
        mw_buf_putc(out, '\n');
    }
    if (lacking)
        mw_buf_printf(out,
                      "\n%zu of these are not in the models of botocore %s: what they would "
                      "fill is unknown\n",
                      lacking, mw_models_botocore_version(p->models));
}

static void describe_call(const mw_plan *p, const mw_plan_view *v, const plan_call *c, mw_doc_builder *b)
{
    MW_AUTO(mw_buf) name = {0};

    mw_doc_begin_object(b);
    mw_doc_member_str(b, "operation", c->name);
    mw_doc_member_str(b, "per", per_names[c->per]);
    if (c->batch > 1)
        mw_doc_member_int(b, "batch", c->batch);
    if (c->prepared)
        mw_doc_member_str(b, "after", c->prepare_name);
    mw_doc_ckey(b, "for");
    mw_doc_begin_array(b);
    for (const plan_reader *r = c->readers; r; r = r->next) {
        mw_buf_reset(&name);
        mw_buf_printf(&name, "%s%s%s", r->type, r->part ? "." : "", r->part ? r->part : "");
        mw_doc_add_cstr(b, name.data ? name.data : "");
    }
    mw_doc_end_array(b);
    mw_doc_member_bool(b, "supported", c->op != NULL);
    if (v->requests)
        mw_doc_member_int(b, "requests", (int64_t)requests_of(p, v, c));
    mw_doc_end_object(b);
}

static mw_status sorted_calls(const mw_plan *p, plan_call ***out, mw_error *err)
{
    if (!(*out = mw_alloc((p->call_count + 1) * sizeof(plan_call *))))
        return mw_fail(err, MW_ERR_NOMEM, "out of memory for the collection plan");
    memcpy(*out, p->calls, p->call_count * sizeof(plan_call *));
    if (p->call_count > 1)
        qsort(*out, p->call_count, sizeof(plan_call *), by_name);
    return MW_OK;
}

mw_status mw_plan_members(const mw_plan *p, const mw_plan_view *v, mw_doc_builder *b, mw_error *err)
{
    plan_call **calls;
    size_t least = 0;
    mw_status st = sorted_calls(p, &calls, err);

    if (st != MW_OK)
        return st;
    mw_doc_ckey(b, "calls");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < p->call_count; i++) {
        describe_call(p, v, calls[i], b);
        least += calls[i]->op ? times(calls[i], v->accounts, v->regions) : 0;
    }
    mw_doc_end_array(b);
    mw_doc_member_int(b, "accounts", (int64_t)v->accounts);
    mw_doc_member_int(b, "regions", (int64_t)v->regions);
    mw_doc_member_int(b, "at_least", (int64_t)least);
    mw_doc_member_str(b, "botocore", mw_models_botocore_version(p->models));
    mw_doc_ckey(b, "types");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < p->count; i++)
        mw_doc_add_cstr(b, p->items[i]->type->name);
    mw_doc_end_array(b);
    mw_free(calls);
    return mw_doc_builder_status(b, err);
}

mw_status mw_plan_text(const mw_plan *p, const mw_plan_view *v, mw_buf *out, mw_error *err)
{
    plan_call **calls;
    mw_status st = sorted_calls(p, &calls, err);

    if (st != MW_OK)
        return st;
    describe_text(p, calls, v, out);
    mw_free(calls);
    return mw_buf_status(out, err);
}
