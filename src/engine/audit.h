/*
 * Ad-hoc audits: one script over many scopes (account and region) at once, each in a jailed worker whose
 * API calls the broker checks (they only read, always), signs and sends.
 */
#ifndef MW_ENGINE_AUDIT_H
#define MW_ENGINE_AUDIT_H

#include "aws/client.h"
#include "base/arena.h"

#define MW_AUDIT_WORKERS 8 /* scopes at once */

typedef struct mw_audit_account {
    const char *account, *partition;
    mw_provider *credentials; /* NULL in a replay */
    bool verify;              /* ask first whose these credentials are; another account's fail all its scopes */
    const char *const *regions;
    size_t region_count;
} mw_audit_account;

typedef struct mw_audit_progress {
    size_t scopes_done, scopes_total, rows;
    uint64_t calls;
} mw_audit_progress;

typedef struct mw_audit_options {
    mw_client *client;
    const char *path, *source; /* the script; the path is for messages */
    size_t len;
    const char *const *args;
    size_t arg_count;
    const mw_audit_account *accounts; /* in the order of their scopes */
    size_t account_count;
    /* A stored snapshot (mw_archive_load()) that `inventory` shows: then AWS is not asked anything, and the
       accounts need no credentials. -1 = none. */
    int snapshot_fd;
    int64_t now_unix; /* of the snapshot; 0 = the client's */
    unsigned cpu_ms;  /* processor time of a scope; 0 = 60 s */
    const volatile bool *stop;
    void *user;
    void (*on_line)(void *user, const char *account, const char *region, const char *text, size_t len);
    void (*on_progress)(void *user, const mw_audit_progress *p);
} mw_audit_options;

typedef enum mw_audit_state { MW_AUDIT_WAITING, MW_AUDIT_COMPLETE, MW_AUDIT_FAILED, MW_AUDIT_STOPPED } mw_audit_state;

typedef struct mw_audit_scope {
    const char *account, *region, *partition;
    size_t of; /* number of the account */
    mw_audit_state state;
    const char *message; /* why it failed; in the arena */
    size_t rows, calls, lines;
} mw_audit_scope;

typedef struct mw_audit_row {
    uint32_t scope;
    mw_val value; /* object in `doc` */
} mw_audit_row;

/** `MW_AUTO(mw_audit) a = {0};` */
typedef struct mw_audit {
    mw_arena arena;
    mw_doc_builder *doc;
    mw_audit_scope *scopes; /* by account, then region, as given */
    size_t scope_count;
    mw_audit_row *rows; /* by scope, then as emitted */
    size_t row_count, row_cap;
    mw_val columns; /* ARRAY of names that the first scope asked for, or ABSENT */
    uint32_t columns_scope;
} mw_audit;

/** Does the script compile? No call is made. @return MW_OK; MW_ERR_SCRIPT; MW_ERR_LIMIT; MW_ERR_IO. */
mw_status mw_audit_check(const char *path, const char *source, size_t len, mw_error *err);
/**
 * Run it. A scope that fails does not fail the run. @return MW_OK; MW_ERR_CANCELLED (stopped; what came before
 * is in @p out); MW_ERR_NOMEM; MW_ERR_IO when no worker can be started.
 */
mw_status mw_audit_run(const mw_audit_options *o, mw_audit *out, mw_error *err);
void mw_audit_clear(mw_audit *a);
/**
 * What the script's leading comment says about it: `-- @scope account` makes it run once for each account.
 */
bool mw_audit_once_per_account(const char *source, size_t len);

#endif
