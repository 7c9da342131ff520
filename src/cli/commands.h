/* Every command, each defined by the file of its name. */
#ifndef MW_CLI_COMMANDS_H
#define MW_CLI_COMMANDS_H

#include "cli/command.h"

extern const mw_command mw_command_sweep;         /* sweep.c */
extern const mw_command mw_command_collect;       /* collect.c */
extern const mw_command mw_command_evaluate;      /* evaluate.c */
extern const mw_command mw_command_snapshot_list; /* snapshot.c */
extern const mw_command mw_command_snapshot_show;
extern const mw_command mw_command_snapshot_diff; /* snapshot_diff.c */
extern const mw_command mw_command_snapshot_log;  /* snapshot_log.c */
extern const mw_command mw_command_log;
extern const mw_command mw_command_snapshot_prune; /* snapshot_prune.c */
extern const mw_command mw_command_snapshot_check;
extern const mw_command mw_command_snapshot_export; /* snapshot_export.c, snapshot_import.c */
extern const mw_command mw_command_snapshot_import;
extern const mw_command mw_command_query;         /* query.c */
extern const mw_command mw_command_findings_list; /* findings.c */
extern const mw_command mw_command_findings_show;
extern const mw_command mw_command_report;     /* report.c */
extern const mw_command mw_command_rules_list; /* rules.c */
extern const mw_command mw_command_rules_show;
extern const mw_command mw_command_types_list; /* types_show.c */
extern const mw_command mw_command_types_show;
extern const mw_command mw_command_test;    /* test.c */
extern const mw_command mw_command_lint;    /* lint.c */
extern const mw_command mw_command_explain; /* explain.c */
extern const mw_command mw_command_findings_explain;
extern const mw_command mw_command_audit;    /* audit.c */
extern const mw_command mw_command_call;     /* call.c */
extern const mw_command mw_command_init;     /* init.c */
extern const mw_command mw_command_new_rule; /* new.c */
extern const mw_command mw_command_new_remediation;
extern const mw_command mw_command_new_audit;
extern const mw_command mw_command_types;       /* types.c */
extern const mw_command mw_command_repl;        /* repl.c */
extern const mw_command mw_command_doctor;      /* doctor.c */
extern const mw_command mw_command_doc;         /* doc.c */
extern const mw_command mw_command_config_show; /* config_show.c */
extern const mw_command mw_command_completion;  /* completion.c */
extern const mw_command mw_command_models_list; /* models.c */
extern const mw_command mw_command_models_show;
extern const mw_command mw_command_models_compile;
extern const mw_command mw_command_permissions;            /* permissions.c */
extern const mw_command mw_command_onboard_cloudformation; /* onboard.c */
extern const mw_command mw_command_onboard_terraform;
extern const mw_command mw_command_help;    /* help.c */
extern const mw_command mw_command_version; /* version.c */

/** complete.c: `moonward __complete WORDS…`, for completion scripts. @return exit status. */
int mw_complete_main(int argc, char *const *argv);

#endif
