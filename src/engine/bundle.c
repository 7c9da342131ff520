/*
 * The bundle: one sealed document with everything that a worker is told besides the snapshot (its
 * shape is at engine/work.c). Built in the broker; holds scripts and parameters, never a credential.
 */
#include "engine/rule_params.h"
#include "engine/worker.h"

static void add_strings(mw_doc_builder *b, const char *key, const char *const *list, size_t count)
{
    mw_doc_ckey(b, key);
    mw_doc_begin_array(b);
    for (size_t i = 0; i < count; i++)
        mw_doc_add_cstr(b, list[i]);
    mw_doc_end_array(b);
}

static void add_value(mw_doc_builder *b, const char *key, const mw_doc *d, mw_val v)
{
    mw_doc_ckey(b, key);
    if (mw_val_kind(d, v) == MW_KIND_OBJECT) {
        mw_doc_add_copy(b, d, v);
    } else {
        mw_doc_begin_object(b);
        mw_doc_end_object(b);
    }
}

/* @p snap: where parameters by place are resolved; NULL = they are the rule's everywhere. */
static mw_status add_rule(mw_doc_builder *b, const mw_rules *rules, const mw_rule_entry *e, const mw_snap *snap,
                          const mw_marked_source *marked, mw_error *err)
{
    const mw_rule *r = &e->rule;
    mw_status st = MW_OK;

    mw_doc_begin_object(b);
    mw_doc_member_str(b, "id", r->id);
    mw_doc_member_str(b, "path", r->path);
    mw_doc_member_str(b, "resource", r->resource);
    mw_doc_ckey(b, "source");
    if (marked && marked->source)
        mw_doc_add_str(b, marked->source, marked->len);
    else
        mw_doc_add_str(b, e->source, e->len);
    mw_doc_member_int(b, "marks", marked && marked->source ? (int64_t)marked->marks : 0);
    add_strings(b, "needs", r->needs, r->need_count);
    add_strings(b, "related", r->related, r->related_count);
    mw_doc_ckey(b, "tag_facets");
    mw_doc_begin_object(b);
    for (size_t i = 0; i < e->tag_facet_count; i++)
        mw_doc_member_str(b, e->tag_facets[i].type, e->tag_facets[i].facet);
    mw_doc_end_object(b);
    add_value(b, "applies", rules->doc, r->applies);
    add_value(b, "params", rules->doc, r->params);
    mw_doc_member_int(b, "pack", (int64_t)e->pack);
    if (snap && mw_val_len(rules->doc, r->overrides) > 0) {
        mw_doc_ckey(b, "resolved");
        st = mw__params_push_resolved(rules, e, snap, mw_snap_resources(snap, 0, r->resource), b, err);
    }
    mw_doc_end_object(b);
    return st;
}

static void add_jobs(mw_doc_builder *b, const mw_job *jobs, size_t count, const mw_doc *params_doc)
{
    mw_doc_ckey(b, "jobs");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < count; i++) {
        mw_doc_begin_array(b);
        mw_doc_add_int(b, jobs[i].rule);
        mw_doc_add_int(b, (int64_t)jobs[i].world);
        mw_doc_add_int(b, (int64_t)jobs[i].resource);
        if (params_doc && mw_val_kind(params_doc, jobs[i].params) == MW_KIND_OBJECT)
            mw_doc_add_copy(b, params_doc, jobs[i].params);
        else
            mw_doc_add_null(b);
        mw_doc_end_array(b);
    }
    mw_doc_end_array(b);
}

#define SOFT_MS_DEFAULT 50 /* evidence/lua-sandbox.md, "Defaults" */

mw_status mw__bundle_rules(const mw_rules *rules, const mw_evaluate_options *o, const mw_job *jobs, size_t job_count,
                           const mw_doc *params_doc, const mw_snap *snap, const mw_observer *observer, int *fd,
                           mw_error *err)
{
    mw_doc_builder *b;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    *fd = -1;
    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "mode", "evaluate");
    mw_doc_member_int(b, "soft_ms", o && o->soft_ms > 0 ? o->soft_ms : SOFT_MS_DEFAULT);
    mw_doc_member_int(b, "vm_bytes", o ? (int64_t)o->vm_bytes : 0);
    mw_doc_member_int(b, "packs", (int64_t)rules->pack_count);
    mw_doc_member_bool(b, "profile", o && o->profile);
    mw_doc_member_bool(b, "observe", observer != NULL);
    mw_doc_ckey(b, "rules");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < rules->count && st == MW_OK; i++)
        st = add_rule(b, rules, &rules->items[i], jobs ? NULL : snap,
                      observer && observer->marked ? &observer->marked[i] : NULL, err);
    mw_doc_end_array(b);
    if (jobs)
        add_jobs(b, jobs, job_count, params_doc);
    mw_doc_end_object(b);
    if (st == MW_OK)
        st = mw_doc_finish_memfd(b, mw_doc_pop(b), fd, err);
    mw_doc_builder_free(b);
    return st;
}

mw_status mw__bundle_files(const char *mode, const mw_source_file *files, size_t count, int *fd, mw_error *err)
{
    mw_doc_builder *b;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    *fd = -1;
    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "mode", mode);
    mw_doc_ckey(b, "files");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < count; i++) {
        mw_doc_begin_object(b);
        mw_doc_member_str(b, "path", files[i].path);
        mw_doc_ckey(b, "source");
        mw_doc_add_str(b, files[i].source, files[i].len);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    st = mw_doc_finish_memfd(b, mw_doc_pop(b), fd, err);
    mw_doc_builder_free(b);
    return st;
}
