/* A rule's verdict on a resource, as plain data, and lists of them. */
#ifndef MW_ENGINE_FINDING_H
#define MW_ENGINE_FINDING_H

#include "base/arena.h"
#include "base/buf.h"
#include "moonward/doc.h"
#include "store/fingerprint.h"

typedef enum mw_verdict {
    MW_VERDICT_PASS,
    MW_VERDICT_FAIL,
    MW_VERDICT_NOT_APPLICABLE,
    MW_VERDICT_UNKNOWN,
    MW_VERDICT_ERROR
} mw_verdict;

/** "pass" "fail" "not_applicable" "unknown" "error" */
const char *mw_verdict_name(mw_verdict v);
mw_status mw_verdict_parse(const char *s, mw_verdict *out);

typedef struct mw_finding {
    const char *rule, *severity;
    mw_verdict status;
    const char *type, *id, *arn, *name, *account, *region, *partition; /* arn, name may be NULL */
    const char *subkey;                                                /* or NULL */
    const char *message;                                               /* or NULL */
    const char *evidence; /* canonical JSON array text: [{"path":…,"value":…}] */
    char fingerprint[MW_FINGERPRINT_SIZE];
    /* filled by the store */
    const char *change; /* "new" "open" "fixed" "regressed" or NULL when nothing was compared */
    const char *first_seen, *last_seen;
} mw_finding;

/** A resource that findings in packed form are of. Texts belong to their list. */
typedef struct mw_subject {
    const char *id, *arn, *name, *account, *region, *partition; /* arn, name may be NULL */
} mw_subject;

/**
 * Findings of one rule that have nothing of their own: one verdict, one message, no subkey, no evidence. A bit for
 * each subject says whether it is among them, so a pass takes a bit and not the 208 bytes of a mw_finding.
 */
typedef struct mw_packed {
    const char *rule, *severity, *type;
    const char *message; /* or NULL */
    mw_verdict status;
    const mw_subject *subjects;          /* all of the type, by account, region, id; no two alike */
    size_t subject_count, subject_bytes; /* the latter: the most that account, region, partition and id of one take */
    uint64_t *bits;
    size_t count; /* of the bits that are set */
} mw_packed;

static inline void mw_packed_set(mw_packed *p, size_t subject)
{
    p->bits[subject / 64] |= (uint64_t)1 << (subject % 64);
    p->count++;
}

typedef struct mw_findings {
    mw_finding *items;
    size_t count, cap;
    mw_packed *packed; /* findings beside the items; no finding is in both */
    size_t packed_count, packed_cap;
    size_t passed;               /* counted, not listed: mw_evaluate_options.count_passes */
    mw_arena arena;              /* owns every string */
    struct mw_known_text *known; /* texts that come again and again; NULL in a short list */
} mw_findings;

/** Append a copy of @p f, strings copied; fills the fingerprint. */
mw_status mw_findings_add(mw_findings *l, const mw_finding *f, mw_error *err);
/** By rule, account, region, resource id, subkey. */
void mw_findings_sort(mw_findings *l);
/** All of them, packed ones included. Cost: one step for each of `packed`. */
size_t mw_findings_total(const mw_findings *l);
/** Packed findings become items; the list must be sorted, and stays so. 208 bytes each. */
mw_status mw_findings_unpack(mw_findings *l, mw_error *err);
void mw_findings_clear(mw_findings *l);
/** SHA-256 hex over the sorted findings without first_seen, last_seen, change. */
mw_status mw_findings_digest(const mw_findings *l, char out[65], mw_error *err);
/**
 * Read sorted findings in the contract's order; packed ones are made as they are met. Everything is borrowed.
 *
 *     mw_findings_read(&c, l.items, l.count, l.packed, l.packed_count);
 *     while ((f = mw_findings_next(&c)))
 */
typedef struct mw_findings_cursor {
    const mw_finding *items;
    const mw_packed *packed;
    size_t count, packed_count;
    size_t item, first, end; /* the next item; [first, end) of `packed` are of the rule that is read */
    size_t subject;          /* from here on they are looked for */
    bool waiting;            /* `made` has the next packed one */
    mw_finding made, told;
} mw_findings_cursor;
void mw_findings_read(mw_findings_cursor *c, const mw_finding *items, size_t count, const mw_packed *packed,
                      size_t packed_count);
/** Valid until the next call; NULL behind the last. Cost of a packed one: its fingerprint, a SHA-256. */
const mw_finding *mw_findings_next(mw_findings_cursor *c);

/**
 * Begin a kind of packed findings: rule, severity, type, message, status, subjects of @p kind (its bits are left alone).
 * Texts are copied; the subjects must be the list's own,
 * and those of a rule's kinds the same. MW_ERR_LIMIT: what identifies such a finding may be too
 * long for a fingerprint, so it must be an item, and its adding fails.
 */
mw_status mw_findings_pack(mw_findings *l, const mw_packed *kind, mw_error *err);
/** Findings of no account ("*": a rule that was given up) are @p account's from now on. MW_ERR_NOMEM; MW_ERR_LIMIT. */
mw_status mw_findings_name_account(mw_findings *l, const char *account, mw_error *err);
/**
 * Take over what @p from has, which is empty afterwards; sort when all is there. Of packed findings the subjects of one
 * list must all be before, or all behind, those of the other: those of two accounts are.
 * @return MW_OK; MW_ERR_NOMEM; MW_ERR_LIMIT: more texts than a list may have. Cost: 208 bytes for each item; texts and packed
 * ones stay where they are.
 */
mw_status mw_findings_absorb(mw_findings *l, mw_findings *from, mw_error *err);
/** Take those kinds out that @p drop says, with their findings. */
void mw_findings_drop_packed(mw_findings *l, bool (*drop)(void *user, const mw_packed *p), void *user);
/** One finding as the contract's JSON object. */
mw_status mw_finding_json(const mw_finding *f, mw_buf *out);

#endif
