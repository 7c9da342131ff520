/*
 * Commands and options as data. One table makes parsing, `--help`, usage errors, and later the man
 * pages and completion. A command is one file that defines a `const mw_command`; commands.c lists them.
 *
 *     static const mw_option options[] = {
 *         {.name = "plan", .help = "Print the collection plan and stop"},
 *         {.name = "params", .value = "JSON", .help = "Parameters of the call"},
 *     };
 *     static int run(mw_cli *cli)
 *     {
 *         const char *params = mw_args_get(cli->args, "params");   // global options likewise
 *         …
 *         if (st != MW_OK)
 *             return mw_cli_fail(&err);                            // "moonward: …" and the exit status
 *         return mw_cli_print(out.data, out.len, MW_EXIT_OK);      // results go to stdout
 *     }
 *     const mw_command mw_command_sweep = {
 *         .name = "sweep", .arguments = "[RULES…]", .summary = "Collect, evaluate, …",
 *         .options = options, .option_count = MW_COUNT(options), .max_args = MW_ARGS_ANY, .run = run };
 */
#ifndef MW_CLI_COMMAND_H
#define MW_CLI_COMMAND_H

#include "base/buf.h"
#include "moonward/doc.h"
#include "moonward/status.h"

#include <stdbool.h>
#include <stddef.h>

/** Exit statuses: docs/reference/exit-codes.md. */
typedef enum mw_exit {
    MW_EXIT_OK = 0,
    MW_EXIT_FINDINGS = 1,
    MW_EXIT_INCOMPLETE = 2,
    MW_EXIT_USAGE = 3,
    MW_EXIT_CREDENTIALS = 4,
    MW_EXIT_REFUSED = 5,
    MW_EXIT_FAILED_ITEMS = 6,
    MW_EXIT_SIGINT = 130,
    MW_EXIT_SIGTERM = 143
} mw_exit;

typedef struct mw_option {
    const char *name;    /* without dashes: "fail-on" */
    char letter;         /* short form, or 0 */
    const char *value;   /* what it takes, for help ("DIR"); NULL = a switch without value */
    bool bare;           /* may stand without its value, which then comes only behind '=' */
    bool repeatable;     /* otherwise the last one wins */
    const char *choices; /* "text|json|jsonl": checked while parsing; NULL = anything but "" */
    const char *env;     /* environment variable that stands in for the flag, or NULL */
    char env_separator;  /* between the values of a repeatable option in that variable */
    const char *help;    /* one sentence without full stop; wrapped when printed */
} mw_option;

typedef struct mw_args mw_args;

/** What a command gets. */
typedef struct mw_cli {
    const struct mw_command *command;
    const mw_args *args;
    const volatile bool *stop; /* becomes true on SIGINT and SIGTERM: stop cleanly, MW_ERR_CANCELLED */
} mw_cli;

#define MW_ARGS_ANY ((unsigned)-1)

typedef struct mw_command {
    const char *name;        /* "sweep" or, two words, "rules list" */
    const char *arguments;   /* "SERVICE OPERATION", for the usage line; NULL = none */
    const char *summary;     /* one line */
    const char *description; /* paragraphs; NULL = none */
    const char *examples;    /* lines, indented when printed; NULL = none */
    const mw_option *options;
    size_t option_count;
    unsigned min_args, max_args; /* positional ones */
    int (*run)(mw_cli *cli);     /* exit status */
} mw_command;

/** Every command, in the order of --help. */
const mw_command *const *mw_commands(size_t *count);
/** The options that every command takes. */
const mw_option *mw_global_options(size_t *count);

/* ---- parsing ---- */

/**
 * Parse everything behind argv[0]. Global options may stand before the command; all options may
 * stand anywhere behind it; `--` ends them.
 *
 * @param getenv_fn  NULL = getenv.
 * @param[out] out   mw_args_free(); valid as long as argv.
 * @param[out] found The command; NULL when there is none (`--help`, `--version` alone, or nothing at all).
 * @return MW_OK; MW_ERR_INVALID: an unknown command or flag (the nearest one is named), a missing or
 *         refused value, too few or too many arguments; MW_ERR_NOMEM.
 */
mw_status mw_args_parse(int argc, char *const *argv, const char *(*getenv_fn)(const char *name), mw_args **out,
                        const mw_command **found, mw_error *err);
void mw_args_free(mw_args *a);

/** Value of an option by name: flag, else its environment variable; NULL when neither is there. */
const char *mw_args_get(const mw_args *a, const char *name);
/** The same for a repeatable option. */
size_t mw_args_count(const mw_args *a, const char *name);
const char *mw_args_value(const mw_args *a, const char *name, size_t i);
/** Does one of the values of a repeatable option, as a glob, match @p text? True when there is none. */
bool mw_args_chosen(const mw_args *a, const char *name, const char *text);
/** Was a switch given? */
bool mw_args_flag(const mw_args *a, const char *name);
/** "--fail-on" or "MOONWARD_FAIL_ON": where the value came from; NULL when there is none. */
const char *mw_args_origin(const mw_args *a, const char *name);
/** Positional arguments. NULL behind the last one. */
size_t mw_args_positional_count(const mw_args *a);
const char *mw_args_positional(const mw_args *a, size_t i);

/* ---- help ---- */

/** Text of `moonward --help`, and of `moonward COMMAND --help`. */
mw_status mw_help_global(mw_buf *out, mw_error *err);
mw_status mw_help_command(const mw_command *c, mw_buf *out, mw_error *err);

/* ---- output ---- */

/** Write results to stdout. @return @p code, or MW_EXIT_INCOMPLETE after a message when stdout is full. */
int mw_cli_print(const char *data, size_t len, int code);
/**
 * Write a part of results that come as they are found. @p open becomes false when nobody reads them any more, which is no
 * failure: stop then.
 */
mw_status mw_cli_stream(const char *data, size_t len, bool *open, mw_error *err);
/** Append the value on top of @p b, and take it: pretty JSON and a line end. @return what the builder or the buffer remembers. */
mw_status mw_cli_json(mw_doc_builder *b, mw_buf *out, mw_error *err);
/** Print "moonward: <message>" on stderr. @return mw_cli_exit_code() of its status. */
int mw_cli_fail(const mw_error *err);
/**
 * Exit status of a failure: CREDENTIALS 4; CANCELLED 130 or 143; usage, configuration and rule errors
 * (INVALID, NOTFOUND, PARSE, SCRIPT, UNSUPPORTED, CONFLICT) 3; what kept the work from being finished 2.
 */
int mw_cli_exit_code(mw_status status);

/* ---- main.c ---- */

/** Set by the handlers of SIGINT and SIGTERM. */
extern volatile bool mw_cli_stop;
/** A SIGINT was for a part of the work, which has ended: go on. */
void mw_cli_forget_signal(void);
/** MW_EXIT_SIGINT or MW_EXIT_SIGTERM, whichever came first. */
int mw_cli_signal_exit(void);

#endif
