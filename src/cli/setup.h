/* What several commands need first: configuration, resource types, rules, the store, the terminal. */
#ifndef MW_CLI_SETUP_H
#define MW_CLI_SETUP_H

#include "cli/command.h"
#include "cli/config.h"
#include "engine/rule.h"
#include "inventory/type.h"
#include "report/report.h"
#include "store/store.h"

/** `MW_AUTO(mw_setup) s = {0};` Filled step by step; later steps need the earlier ones. */
typedef struct mw_setup {
    const mw_cli *cli;
    mw_config config;
    mw_types *types;
    mw_rules *rules;
    mw_arena arena;
} mw_setup;

/** Configuration only. */
mw_status mw_setup_config(mw_setup *s, const mw_cli *cli, mw_error *err);
/** Resource types only. Needs the configuration. */
mw_status mw_setup_types(mw_setup *s, mw_error *err);
/** Where the rules of all packs are. Needs the configuration. */
mw_status mw_setup_rule_paths(mw_setup *s, const char ***out, size_t *count, mw_error *err);
/** A type by name or alias. @p option is for the message. @return MW_ERR_INVALID with the nearest name. */
mw_status mw_setup_type(const mw_setup *s, const char *option, const char *name, const mw_type **out, mw_error *err);
/** Does --type, which takes names, globs over them and aliases, choose the type? Needs the types. */
bool mw_setup_type_chosen(const mw_setup *s, const char *type);
/** Resource types and rules: all that there are. Needs the configuration. */
mw_status mw_setup_rules(mw_setup *s, mw_error *err);
/** For tests of rules: from @p paths when there are any, with the parameters that the rules themselves name. */
mw_status mw_setup_rules_untouched(mw_setup *s, const char **paths, size_t count, mw_error *err);
/**
 * Keep the rules that the command line chooses: its positional arguments (ids and globs) and every --select; with
 * neither, those of `select` in the configuration. Needs the rules.
 * @return MW_OK; MW_ERR_INVALID, MW_ERR_NOTFOUND with the selection, the column and the nearest name. Never an empty set.
 */
mw_status mw_setup_choose_rules(mw_setup *s, mw_error *err);
void mw_setup_clear(mw_setup *s);

/** A setting by the name of its flag: flag, environment, configuration (dashes as underscores); or NULL. */
const char *mw_setup_str(const mw_setup *s, const char *flag);
/** The same for a list; @p key is its name in the configuration. Values in the arena or older. */
mw_status mw_setup_list(mw_setup *s, const char *flag, const char *key, const char ***out, size_t *count,
                        mw_error *err);

/** --jobs: 1 to 1000, or 0 when nothing is set. */
mw_status mw_setup_jobs(const mw_setup *s, int *out, mw_error *err);

/** Where the store is, whether or not it exists: a file, or a URL that may have a password in it. In the arena; NULL with a message when there is no home. */
const char *mw_setup_store_path(mw_setup *s, mw_error *err);
/** Where learnt rates are kept: beside the store, when that is a file. In the arena; NULL when there is no home. */
const char *mw_setup_rates_path(mw_setup *s);
/** Open the store for reading: MW_ERR_NOTFOUND says that nothing was stored yet. */
mw_status mw_setup_store(mw_setup *s, mw_store **out, mw_error *err);
/** The same, opened as @p o says. */
mw_status mw_setup_store_as(mw_setup *s, const mw_store_options *o, mw_store **out, mw_error *err);

/** `sensitive: keep`: the store gets documents whole. */
bool mw_setup_keeps_sensitive(const mw_setup *s);

/** Options of text on stdout: colour and width by the terminal, NO_COLOR, TERM and --no-color; titles of rules if loaded. */
mw_text_options mw_setup_text(const mw_setup *s);
/** The title of a rule for mw_text_options; @p user is a mw_setup. */
const char *mw_setup_title(void *user, const char *rule);

#endif
