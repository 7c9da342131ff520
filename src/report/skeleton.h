/* First drafts for authors: a rule with its test, a remediation, an audit. They work as they are written. */
#ifndef MW_REPORT_SKELETON_H
#define MW_REPORT_SKELETON_H

#include "base/buf.h"
#include "inventory/shape.h"

typedef struct mw_skeleton {
    const char *id;
    const char *title; /* NULL: made of the id */
    const mw_type *type;
    const mw_models *models;
    const char *const *facets; /* of the type; the first is what the rule judges */
    size_t facet_count;
} mw_skeleton;

/**
 * A rule that judges one modelled member of its type (of the first facet, else of the item), and a test with one
 * case for each verdict that it can give.
 * @return MW_OK; MW_ERR_INVALID when the id is none; MW_ERR_NOMEM.
 */
mw_status mw_skeleton_rule(const mw_skeleton *s, mw_buf *rule, mw_buf *test, mw_error *err);
/** A remediation for failing findings of @p rule on the type: no step yet, and where to write them. */
mw_status mw_skeleton_remediation(const mw_skeleton *s, const char *rule, mw_buf *out, mw_error *err);
/** An audit that lists the VPCs of each region; @p path is where it will be, for its comment. */
mw_status mw_skeleton_audit(const char *name, const char *path, mw_buf *out, mw_error *err);

/** A rule's or remediation's id: at most 100 lower-case letters, digits and dashes, a letter first. MW_ERR_INVALID. */
mw_status mw_skeleton_check_id(const char *what, const char *id, mw_error *err);

#endif
