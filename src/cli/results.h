/* --output, --export and --query: a report in the formats asked for, where it was asked for. */
#ifndef MW_CLI_RESULTS_H
#define MW_CLI_RESULTS_H

#include "cli/setup.h"

/* The options of every command that gives a report. */
#define MW_RESULTS_OPTIONS                                                                                             \
    {.name = "output",                                                                                                 \
     .value = "FORMAT",                                                                                                \
     .choices = "text|json|jsonl",                                                                                     \
     .env = "MOONWARD_OUTPUT",                                                                                         \
     .help = "Format on stdout (default: text)"},                                                                      \
        {.name = "export",                                                                                             \
         .value = "FORMAT=PATH",                                                                                       \
         .repeatable = true,                                                                                           \
         .help = "Also write the report to a file, whole or not at all"},                                              \
    {                                                                                                                  \
        .name = "query", .value = "JMESPATH", .help = "Print this part of the JSON document only"                      \
    }

/** Look at the three before any work: MW_ERR_INVALID names the word that is wrong. */
mw_status mw_results_check(const mw_args *args, mw_error *err);
/** Write the exports, then print. @p stored: `moonward findings` knows this run. @return exit status @p code, or a failure's. */
int mw_results_write(const mw_setup *s, const mw_report *r, bool stored, int code);

#endif
