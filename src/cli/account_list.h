/* Which accounts the configuration and the command line name, and by which role each is read. */
#ifndef MW_CLI_ACCOUNT_LIST_H
#define MW_CLI_ACCOUNT_LIST_H

#include "cli/setup.h"

#define MW_ACCOUNTS_MAX 50000

typedef struct mw_account_entry {
    const char *id;
    const char *name;           /* or NULL */
    const char *role;           /* name or ARN, {account} replaced when it is used; NULL = the list's */
    const char *external_id;    /* or NULL = the list's */
    const char *const *regions; /* patterns; none = those of the sweep */
    size_t region_count;
} mw_account_entry;

/** Everything lies in the set-up's arena or its configuration. */
typedef struct mw_account_list {
    bool many;         /* roles lead to accounts; otherwise the credentials' own is meant */
    bool organization; /* entries are still to come from AWS Organizations */
    const char *role, *external_id;
    const char *session_name;   /* of the roles, as CloudTrail shows it; NULL = one of the provider's */
    int duration_seconds;       /* 0 = the default */
    const char *session_policy; /* what the roles are narrowed to when they are assumed; NULL = all that they allow */
    mw_account_entry *items;
    size_t count, cap;
    const char *const *wanted; /* --account: globs over ids and names; none = all */
    size_t wanted_count;
} mw_account_list;

/**
 * `accounts`, `organization`, `role`, `external_id`, `role_duration`; --account, --role-name, --external-id. No call is made.
 * @return MW_OK; MW_ERR_INVALID with file and line; MW_ERR_NOTFOUND: no such file; MW_ERR_NOMEM.
 */
mw_status mw_account_list_read(mw_setup *s, mw_account_list *out, mw_error *err);
/** Append; a second entry of an account is MW_ERR_INVALID. @p e is copied, its texts are not. */
mw_status mw_account_list_add(mw_setup *s, mw_account_list *l, const mw_account_entry *e, mw_error *err);
/** Sort by id and keep those that --account names. MW_ERR_INVALID: it names none, or an id is there twice. */
mw_status mw_account_list_settle(mw_account_list *l, mw_error *err);
bool mw_is_account_id(const char *s);
/**
 * ARN of @p role, which is `Reader`, `/team/Reader` or an ARN; {account} and {partition} in it stand for the account's.
 * In @p arena; NULL: out of memory.
 */
const char *mw_account_role_arn(mw_arena *arena, const char *partition, const char *account, const char *role);

/** What is assumed in the accounts of a list: mw_account_list_read() asks for them. */
#define MW_ROLE_OPTIONS                                                                                                \
    {.name = "role-name",                                                                                              \
     .value = "NAME",                                                                                                  \
     .help = "Role to assume in every account: name, path and name, or ARN with {account}"},                           \
    {                                                                                                                  \
        .name = "external-id", .value = "ID", .help = "External id that the role asks for"                             \
    }

#endif
