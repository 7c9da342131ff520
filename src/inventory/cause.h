/*
 * Classes of causes: what kind of thing it is that something could not be read. A class is a pure
 * function of the error code and AWS's message, so that a snapshot of last year is told in the
 * words of today.
 */
#ifndef MW_INVENTORY_CAUSE_H
#define MW_INVENTORY_CAUSE_H

#include "moonward/doc.h"

typedef enum mw_cause_class {
    MW_CAUSE_DENIED_IDENTITY_POLICY,
    MW_CAUSE_DENIED_SCP,
    MW_CAUSE_DENIED_RCP,
    MW_CAUSE_DENIED_PERMISSIONS_BOUNDARY,
    MW_CAUSE_DENIED_SESSION_POLICY,
    MW_CAUSE_DENIED_RESOURCE_POLICY,
    MW_CAUSE_DENIED_ENDPOINT_POLICY,
    MW_CAUSE_DENIED_TRUST_POLICY,
    MW_CAUSE_DENIED, /* AWS did not say by what */
    MW_CAUSE_CREDENTIALS,
    MW_CAUSE_THROTTLED,
    MW_CAUSE_REGION_DISABLED,
    MW_CAUSE_NOT_IN_REGION,
    MW_CAUSE_BREAKER_OPEN,
    MW_CAUSE_BUDGET,
    MW_CAUSE_UNREACHABLE,
    MW_CAUSE_DEADLINE,
    MW_CAUSE_MALFORMED,
    MW_CAUSE_SERVICE_ERROR, /* AWS's own failure */
    MW_CAUSE_UNSUPPORTED,   /* by the models, or for this account */
    MW_CAUSE_NOT_ASKED,
    MW_CAUSE_WITHHELD, /* from the store */
    MW_CAUSE_RULE,     /* a rule said so itself: there is no code */
    MW_CAUSE_OTHER,
    MW_CAUSE_COUNT
} mw_cause_class;

/** "denied_scp", as it is written everywhere. */
const char *mw_cause_class_name(mw_cause_class c);
/** The reverse; MW_CAUSE_OTHER for a name that nobody knows. */
mw_cause_class mw_cause_classify_name(const char *name);
/** One line of what it means and what to do. */
const char *mw_cause_class_help(mw_cause_class c);
/** A policy refused it, whichever. */
static inline bool mw_cause_is_denial(mw_cause_class c)
{
    return c <= MW_CAUSE_DENIED;
}

/** Either may be NULL. Cost: some string comparisons. */
mw_cause_class mw_cause_classify(const char *code, const char *message);
/** Of a {operation, code, message} as a scope has it; MW_CAUSE_OTHER when it is no object. */
mw_cause_class mw_cause_classify_val(const mw_doc *d, mw_val cause);
/** Of the message of an unknown finding ("Versioning is unknown: s3:GetBucketVersioning:
 * AccessDenied (…)"). */
mw_cause_class mw_cause_classify_text(const char *message);

/** Push the cause with its `class`; null when it is no object. @p d may be the builder's own view.
 */
void mw_cause_write(mw_doc_builder *b, const mw_doc *d, mw_val cause);

#endif
