/* Findings of the linter in the formats of `moonward lint`. */
#ifndef MW_REPORT_LINT_H
#define MW_REPORT_LINT_H

#include "lint/lint.h"

/** Each with its line of source and a caret, then a summary. */
mw_status mw_report_lint_text(const mw_lint *l, bool color, mw_buf *out, mw_error *err);
/** One document, "moonward.lint/1": docs/reference/lint.md. */
mw_status mw_report_lint_json(const mw_lint *l, mw_buf *out, mw_error *err);
/** SARIF 2.1.0, one run. @p version: of this program. */
mw_status mw_report_lint_sarif(const mw_lint *l, const char *version, mw_buf *out, mw_error *err);
/** GitHub's workflow commands: annotations of a pull request. */
mw_status mw_report_lint_github(const mw_lint *l, mw_buf *out, mw_error *err);

#endif
