/*
 * `moonward lint`: what can be said of rules, their tests and audits by reading them. Nothing runs;
 * what is not certain is not said. Each kind of finding has a code of its own, which
 * docs/reference/lint.md explains.
 */
#ifndef MW_LINT_LINT_H
#define MW_LINT_LINT_H

#include "base/arena.h"
#include "inventory/type.h"
#include "moonward/model.h"

typedef enum mw_lint_severity { MW_LINT_NOTE, MW_LINT_WARNING, MW_LINT_ERROR } mw_lint_severity;

typedef struct mw_lint_code {
    const char *id; /* "MW1101": never used for anything else */
    mw_lint_severity severity;
    const char *title;   /* one line */
    const char *meaning; /* what is wrong, and why it matters */
    const char *remedy;  /* what to do */
} mw_lint_code;

/** The table, in the order of ids. */
const mw_lint_code *mw_lint_codes(size_t *count);
const mw_lint_code *mw_lint_code_get(const char *id, size_t len); /**< NULL when missing */
const char *mw_lint_severity_name(mw_lint_severity s);            /**< "error" "warning" "note" */

typedef struct mw_lint_finding {
    const mw_lint_code *code;
    const char *path;
    unsigned line, column, end_column; /* from 1, in bytes; the end is behind, on the same line */
    const char *message;
    const char *source; /* the line */
} mw_lint_finding;

typedef struct mw_lint mw_lint;

typedef struct mw_lint_options {
    const mw_types *types;
    const mw_models *models;
} mw_lint_options;

mw_status mw_lint_new(const mw_lint_options *o, mw_lint **out, mw_error *err);
void mw_lint_free(mw_lint *l);
/**
 * Read one file. @p test is its `_test.lua` and may be NULL; its text is checked too. A `_test.lua`
 * by itself is given as @p path with its rule as NULL.
 * @return MW_OK whatever was found; MW_ERR_NOMEM, MW_ERR_LIMIT. Cost: a few walks over the tree.
 */
mw_status mw_lint_add(mw_lint *l, const char *path, const char *source, size_t len, const char *test_path,
                      const char *test, size_t test_len, mw_error *err);
/** What only all files together tell (ids used twice, remediations that are missing), then order by
 * place. */
mw_status mw_lint_finish(mw_lint *l, mw_error *err);
size_t mw_lint_count(const mw_lint *l);
const mw_lint_finding *mw_lint_at(const mw_lint *l, size_t i);
size_t mw_lint_files(const mw_lint *l);
/** Version of the service models that were asked: what they lack, a newer AWS may have. */
const char *mw_lint_models_version(const mw_lint *l);

#endif
