/* Between the files that write and read the findings of a run. */
#ifndef MW_STORE_RUNS_INTERNAL_H
#define MW_STORE_RUNS_INTERNAL_H

#include "base/arena.h"
#include "store/fingerprint.h"
#include "store/internal.h"

/* A finding's number within its run: that of its part above these bits. */
#define MW_PART_BITS 32

/** 0: there is none. */
mw_status mw__run_number(mw_store *s, const char *run, int64_t *n, mw_error *err);

/* ---- verdicts: each stored once, whatever the number of runs that gave it ---- */

/** Where rows of an account and of what it has of one kind lie in their table: together, spread by @p digest. Never negative. */
int64_t mw__store_place(const char *account, const char *kind, const uint8_t digest[]);
/** numbers[i] = the number of the verdict of findings[i], stored where it was not. */
mw_status mw__verdicts_put(mw_store *s, const mw_store_finding *findings, size_t count, int64_t *numbers,
                           mw_error *err);

/* ---- lives: what is known of every fingerprint that ever failed ---- */

typedef struct mw_life {
    const char *fingerprint;
    const char *first_seen, *last_seen; /* it failed */
    bool open;
} mw_life;

typedef struct mw_lives {
    mw_store *s;
    const char *account, *now;
    int64_t run;
    mw_arena arena;
    mw_life *known; /* those of the account, by fingerprint */
    size_t count, cap;
    const char *times[32]; /* that came lately */
    mw_query *other, *born, *lived, *hold;
    size_t fixed;
} mw_lives;

/** Cost: what the account ever failed. @p account and @p now are borrowed. To be cleared, whatever it returns. */
mw_status mw__lives_begin(mw_lives *l, mw_store *s, int64_t run, const char *account, const char *now, mw_error *err);
/** *life NULL: it never failed. Valid until the next call. */
mw_status mw__lives_find(mw_lives *l, const char *account, const char *fingerprint, const mw_life **life,
                         mw_error *err);
/** What this finding is to the life of its fingerprint: fills change, first_seen, last_seen. */
mw_status mw__lives_judge(mw_lives *l, mw_store_finding *f, mw_error *err);
/** Into the ledger: what was judged, and what no longer exists. */
mw_status mw__lives_end(mw_lives *l, const mw_run *run, const mw_store_part *part, mw_error *err);
void mw__lives_clear(mw_lives *l);

/* ---- packs: findings as bits over a roster of resources ---- */

mw_status mw__packs_put(mw_store *s, int64_t run, int64_t part, const char *account, const mw_store_pack *packs,
                        size_t count, mw_error *err);

/** The finding of one subject. Everything is borrowed. */
mw_store_finding mw__pack_finding(const mw_store_pack *pack, const mw_store_subject *subject, const char *fingerprint);

typedef struct mw_pack_kind {
    mw_store_pack pack; /* its texts and count alone */
    int64_t roster;
    const uint8_t *bits; /* NULL = all */
    size_t bytes;
} mw_pack_kind;

/* What one rule packed in one part, and a place among it. */
typedef struct mw_packs {
    mw_store *s;
    int64_t run;
    mw_query *next_rule, *of_rule, *roster;
    mw_arena texts, subjects;
    const char *rule;
    mw_pack_kind *kinds;
    size_t kind_count, kind_cap;
    mw_store_subject *list;
    size_t list_count, subject;
    const mw_store_subject *printed; /* whose fingerprint it is */
    char fingerprint[MW_FINGERPRINT_SIZE];
} mw_packs;

/** To be cleared, whatever it returns. */
mw_status mw__packs_begin(mw_packs *p, mw_store *s, int64_t run, mw_error *err);
void mw__packs_clear(mw_packs *p);
/** The first rule behind @p after ("" = of all) that the part has packs of, NULL = none; to be freed. */
mw_status mw__packs_next_rule(mw_packs *p, int64_t part, const char *after, char **rule, mw_error *err);
/** Go to what @p rule packed in @p part, before the first finding. The name is borrowed. */
mw_status mw__packs_enter(mw_packs *p, int64_t part, const char *rule, mw_error *err);
/** The next finding there, which stays the next one until mw__packs_skip(); found = false: none. */
mw_status mw__packs_peek(mw_packs *p, mw_store_finding *f, bool *found, mw_error *err);
void mw__packs_skip(mw_packs *p);
/** Is every roster what was put, and does every pack fit one? MW_ERR_PARSE tells the first damage. */
mw_status mw__packs_check(mw_store *s, mw_error *err);
/** How many there are of each kind, in any order; all but the count are texts of the row. */
mw_status mw__packs_count(mw_store *s, int64_t run, bool (*row)(void *user, const mw_store_count *c), void *user,
                          mw_error *err);

#endif
