/*
 * `moonward doctor`: what a sweep relies on, looked at one by one. Each group of checks is a file
 * and a function; a group goes on after a failure, and says `skipped` where it needs what another
 * one lacks.
 */
#ifndef MW_CLI_DOCTOR_H
#define MW_CLI_DOCTOR_H

#include "cli/targets.h"
#include "inventory/plan.h"
#include "report/coverage.h"

typedef enum mw_check_status { MW_CHECK_OK, MW_CHECK_WARN, MW_CHECK_FAIL, MW_CHECK_SKIPPED } mw_check_status;

typedef struct mw_check {
    const char *group, *name, *detail;
    mw_check_status status;
    const char *remedy; /* one line of what to do; NULL = nothing */
    int exit_code;      /* of a failure: docs/reference/exit-codes.md */
} mw_check;

/** What the probe found of one operation. */
typedef struct mw_probed {
    const char *operation;
    const char *state; /* allowed | denied | failed | not_probed */
    const char *class, *message;
    const char **rules; /* that need it */
    size_t rule_count;
} mw_probed;

typedef struct mw_doctor {
    const mw_cli *cli;
    mw_setup setup;
    mw_session session;
    mw_account_list list;
    mw_targets targets;
    mw_plan *plan;
    bool configured, ruled, opened, reachable, identified; /* what the groups found to work */
    mw_budget probe;                                       /* with the gate of --probe */
    mw_arena arena;
    mw_check *checks;
    size_t count, cap;
    mw_probed *probed;
    size_t probed_count;
    bool out_of_memory;
} mw_doctor;

/** Append a check. @p exit_code counts when it failed; @p remedy is kept as it is given. */
void mw_doctor_say(mw_doctor *d, const char *group, const char *name, mw_check_status status, int exit_code,
                   const char *remedy, const char *format, ...) __attribute__((format(printf, 7, 8)));
/** In the doctor's arena; "" when out of memory, which is remembered. */
const char *mw_doctor_keep(mw_doctor *d, const char *text);

/* The groups, in the order in which they are asked; each needs nothing but what the flags above
 * say. */
void mw_doctor_local(mw_doctor *d);       /* configuration, rules, models, Lua, sandbox, terminal */
void mw_doctor_store(mw_doctor *d);       /* file, mode, integrity, space */
void mw_doctor_network(mw_doctor *d);     /* proxy, certificates, endpoint, clock */
void mw_doctor_credentials(mw_doctor *d); /* chain, identity, regions, accounts */
void mw_doctor_roles(mw_doctor *d);       /* policies of the accounts' roles against the rules */
void mw_doctor_permissions(mw_doctor *d); /* --probe */

#endif
