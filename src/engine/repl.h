/*
 * A prompt over a snapshot: lines run in a jailed worker that keeps its globals from one to the next. The worker has
 * no credentials, no network and no files, as for rules; what it answers is hostile input, bounded and shown as text.
 */
#ifndef MW_ENGINE_REPL_H
#define MW_ENGINE_REPL_H

#include "base/buf.h"
#include "engine/evaluate.h"

typedef struct mw_repl mw_repl;

typedef struct mw_repl_options {
    int snapshot_fd;           /* borrowed */
    unsigned soft_ms;          /* processor time of a line; 0 = 2 s */
    const volatile bool *stop; /* becomes true: stop the line that runs; may be NULL */
} mw_repl_options;

/** A resource of the snapshot; `found` false: none is at hand. */
typedef struct mw_repl_at {
    bool found;
    size_t world, index; /* number in its type's array */
    const char *type;    /* borrowed from the snapshot */
    mw_val resource;
} mw_repl_at;

typedef enum mw_repl_outcome {
    MW_REPL_DONE,
    MW_REPL_FAILED, /* a message in err */
    MW_REPL_MORE,   /* the chunk is not complete: nothing ran */
    MW_REPL_RENEWED /* failed, and globals of the session are gone; a message in err */
} mw_repl_outcome;

/** Map the snapshot and start a worker. @return MW_OK; MW_ERR_PARSE (no snapshot); MW_ERR_IO; MW_ERR_NOMEM. */
mw_status mw_repl_new(const mw_repl_options *o, mw_repl **out, mw_error *err);
/** End the worker. NULL is allowed. */
void mw_repl_free(mw_repl *r);

/** How many resources of a type there are, over all worlds. */
size_t mw_repl_count(const mw_repl *r, const char *type);
/** The @p n -th of them; `found` false behind the last. */
mw_repl_at mw_repl_nth(const mw_repl *r, const char *type, size_t n);
/** Number of the one whose id, name or ARN this is; SIZE_MAX when there is none. */
size_t mw_repl_find(const mw_repl *r, const char *type, const char *id);
/** Its envelope's member as text; "" when it has none. */
const char *mw_repl_text(const mw_repl *r, const mw_repl_at *at, const char *member);

/**
 * Run a chunk with `r` being @p at. Values and printed lines are appended to @p shown.
 * @return MW_OK with an outcome; MW_ERR_IO when no worker can be had.
 */
mw_status mw_repl_run(mw_repl *r, const mw_repl_at *at, const char *source, size_t len, mw_buf *shown,
                      mw_repl_outcome *outcome, mw_error *err);
/** Names that may follow a chain of names, one a line; none when it cannot be told. */
mw_status mw_repl_names(mw_repl *r, const mw_repl_at *at, const char *chain, size_t len, mw_buf *out, mw_error *err);

/** Judge the resource at hand by a rule, in a worker as a sweep has it. MW_ERR_NOTFOUND; MW_ERR_INVALID: another type. */
mw_status mw_repl_judge(mw_repl *r, const mw_rules *rules, const char *rule, const mw_repl_at *at, mw_findings *out,
                        mw_error *err);

/**
 * The fixtures of a rule's test file as a list, run in a worker; unknown values are unknown.
 * @param[out] out  mw_doc_free(). @return as mw_repl_fixtures().
 */
mw_status mw_fixtures_load(const char *path, mw_doc **out, mw_error *err);
/**
 * The worlds of a rule's test file as a snapshot, for a prompt over them. The caller closes @p fd.
 * @return MW_OK; MW_ERR_SCRIPT, MW_ERR_INVALID naming the fixture; what reading gave.
 */
mw_status mw_repl_fixtures(const char *path, const char *type, const mw_types *types, int *fd, mw_error *err);

#endif
