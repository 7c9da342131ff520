/* How a plan is made: the type at hand, and the calls that its lists and facets ask for. */
#ifndef MW_INVENTORY_PLAN_BUILD_H
#define MW_INVENTORY_PLAN_BUILD_H

#include "inventory/plan_internal.h"

struct planning {
    mw_plan *p;
    plan_type *t;
    const mw_doc *d; /* of the type */
    mw_error *err;
};

struct wanted {
    const char *name;    /* operation as written */
    mw_val params, more; /* more: a variant's, or ABSENT */
    mw_val per;          /* list.per.params, or ABSENT */
    mw_val prepare;      /* or ABSENT */
    unsigned pages, max_pages;
    const char *start; /* of a metric's window: adds StartTime, EndTime and their order; or NULL */
};

mw_status plan_no_memory(mw_error *err);
/** The expression under @p key of @p v, compiled; untouched when there is none. */
mw_status plan_path_at(struct planning *g, mw_val v, const char *key, mw_jmespath **out);
mw_status plan_read_absent(struct planning *g, mw_val list, plan_absent **out, size_t *count);
/** The call of that operation with those parameters: an index, shared by all who want the same. */
mw_status plan_call_for(struct planning *g, const struct wanted *w, size_t *out);
/** Note that a part of the type at hand reads the call, and how often that makes it. */
mw_status plan_read_by(struct planning *g, size_t call, plan_per per, unsigned batch, const char *part);
mw_status plan_query_for(struct planning *g, size_t call, const char *text, mw_val facet, bool retained, size_t *out);

/* plan_type.c */
mw_status plan_need_type(mw_plan *p, const mw_type *type, size_t *index, unsigned depth, mw_error *err);
mw_status plan_need_facet(struct planning *g, const char *name, unsigned depth, size_t *index);

#endif
