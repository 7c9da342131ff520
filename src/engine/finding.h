/* A rule's verdict on a resource, as plain data. */
#ifndef MW_ENGINE_FINDING_H
#define MW_ENGINE_FINDING_H

#include "base/arena.h"
#include "base/buf.h"
#include "moonward/doc.h"

typedef enum mw_verdict {
    MW_VERDICT_PASS, MW_VERDICT_FAIL, MW_VERDICT_NOT_APPLICABLE, MW_VERDICT_UNKNOWN, MW_VERDICT_ERROR
} mw_verdict;

/** "pass" "fail" "not_applicable" "unknown" "error" */
const char *mw_verdict_name(mw_verdict v);
mw_status mw_verdict_parse(const char *s, mw_verdict *out);

typedef struct mw_finding {
    const char *rule, *severity;
    mw_verdict status;
    const char *type, *id, *arn, *name, *account, *region, *partition; /* arn, name may be NULL */
    const char *subkey;      /* or NULL */
    const char *message;     /* or NULL */
    const char *evidence;    /* canonical JSON array text: [{"path":…,"value":…}] */
    char fingerprint[33];    /* hex */
    /* filled by the store */
    const char *change;      /* "new" "open" "fixed" "regressed" or NULL when nothing was compared */
    const char *first_seen, *last_seen;
} mw_finding;

typedef struct mw_findings {
    mw_finding *items;
    size_t count, cap;
    size_t passed;           /* counted, not listed: mw_evaluate_options.count_passes */
    mw_arena arena;          /* owns every string */
    struct mw_known_text *known; /* texts that come again and again; NULL in a short list */
} mw_findings;

/** Append a copy of @p f, strings copied; fills the fingerprint. */
mw_status mw_findings_add(mw_findings *l, const mw_finding *f, mw_error *err);
/** By rule, account, region, resource id, subkey. */
void mw_findings_sort(mw_findings *l);
void mw_findings_clear(mw_findings *l);
/** SHA-256 hex over the sorted findings without first_seen, last_seen, change. */
mw_status mw_findings_digest(const mw_findings *l, char out[65], mw_error *err);
/** The same for findings that come one by one, in the contract's order: begin, add…, end (which also frees). */
typedef struct mw_findings_hash {
    void *ctx;
    mw_buf text;
    size_t count;
    bool failed;
} mw_findings_hash;
void mw_findings_hash_begin(mw_findings_hash *h);
void mw_findings_hash_add(mw_findings_hash *h, const mw_finding *f);
/** MW_ERR_NOMEM when any of it failed. */
mw_status mw_findings_hash_end(mw_findings_hash *h, char out[65], mw_error *err);
/** One finding as the contract's JSON object. */
mw_status mw_finding_json(const mw_finding *f, mw_buf *out);

#endif
