/* The collection plan: the least set of API calls for what the enabled rules read. */
#ifndef MW_INVENTORY_PLAN_H
#define MW_INVENTORY_PLAN_H

#include "aws/client.h"
#include "inventory/type.h"

typedef struct mw_plan mw_plan;

/** An empty plan. @return MW_OK; MW_ERR_INVALID: a team's own type has a `sensitive` path that it cannot have; MW_ERR_NOMEM. */
mw_status mw_plan_new(const mw_types *types, const mw_models *models, mw_plan **out, mw_error *err);
void mw_plan_free(mw_plan *p);
/** Ask for a type's list (facet NULL) or one of its facets. Parents and needed facets follow. Idempotent. */
mw_status mw_plan_need(mw_plan *p, const char *type, const char *facet, mw_error *err);
typedef struct mw_plan_view {
    size_t accounts, regions;
    const uint64_t *requests; /* estimated, by the plan's distinct calls; NULL = not told */
} mw_plan_view;

/** Append for humans: each distinct call, how often it is made (per account, region, resource, batch), who reads it. */
mw_status mw_plan_text(const mw_plan *p, const mw_plan_view *v, mw_buf *out, mw_error *err);
/**
 * The same as members of an object that is open in @p b: "calls" [{"operation", "per", "for": [types/facets],
 * "supported"}], "accounts", "regions", "at_least", "botocore", "types".
 */
mw_status mw_plan_members(const mw_plan *p, const mw_plan_view *v, mw_doc_builder *b, mw_error *err);
/**
 * Tell @p fn of each call and who reads it, what prepares a call included: "s3:GetBucketAcl", "AWS::S3::Bucket",
 * "Acl" (NULL: the list). One operation may come more than once.
 */
void mw_plan_each_read(const mw_plan *p,
                       void (*fn)(void *user, const char *operation, const char *type, const char *part), void *user);
/** Distinct "service:Operation" names, sorted. Borrowed. */
size_t mw_plan_operation_count(const mw_plan *p);
const char *mw_plan_operation_at(const mw_plan *p, size_t i);

#endif
