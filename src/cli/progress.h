/* Progress on stderr: a line on a terminal, else a heartbeat; never on stdout. */
#ifndef MW_CLI_PROGRESS_H
#define MW_CLI_PROGRESS_H

#include "cli/command.h"
#include "engine/audit.h"
#include "inventory/collect.h"

typedef enum mw_progress_mode {
    MW_PROGRESS_OFF,
    MW_PROGRESS_LINE,
    MW_PROGRESS_PLAIN,
    MW_PROGRESS_JSON,
    MW_PROGRESS_HEARTBEAT
} mw_progress_mode;

typedef struct mw_progress {
    mw_progress_mode mode;
    int64_t last_ms;
    bool drawn; /* a line stands on the terminal */
} mw_progress;

/** By --progress, --quiet and whether stderr is a terminal. */
void mw_progress_start(mw_progress *p, const mw_cli *cli);
/** For mw_collect_options and mw_evaluate_options; @p user is the mw_progress. */
void mw_progress_collect(void *user, const mw_collect_progress *c);
void mw_progress_evaluate(void *user, size_t done, size_t total);
void mw_progress_audit(mw_progress *p, const mw_audit_progress *a);
/** Take the line off the terminal. */
void mw_progress_end(mw_progress *p);

#endif
