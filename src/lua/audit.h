/*
 * Running an audit script in the VM. It sees `aws`, `inventory`, `args`, `print`, `emit` and `columns` besides the
 * base functions; what these do is the host's business.
 */
#ifndef MW_LUA_AUDIT_H
#define MW_LUA_AUDIT_H

#include "base/str.h"
#include "lua/vm.h"

typedef enum mw_vm_ask {
    MW_VM_ASK_CALL,  /* one request */
    MW_VM_ASK_PAGES, /* all pages */
    MW_VM_ASK_ITEMS, /* all pages, and where the items are */
    MW_VM_ASK_COUNT
} mw_vm_ask;

typedef struct mw_vm_question {
    mw_vm_ask kind;
    mw_str operation;   /* "ec2:DescribeInstances" */
    mw_str params;      /* JSON object, or data NULL */
    uint32_t pages_max; /* 0 = all */
} mw_vm_question;

typedef struct mw_vm_answer {
    bool ok;
    mw_val pages;   /* ARRAY in the answers' document */
    char key[256];  /* ITEMS: dotted path of the list in a page */
    char code[128]; /* otherwise: AWS's, or the name of a status */
    char message[1024];
} mw_vm_answer;

/** What the script's functions lead to. False: too much, the script ends. */
typedef struct mw_vm_host {
    void *user;
    void (*ask)(void *user, const mw_vm_question *q, mw_vm_answer *out);
    bool (*line)(void *user, mw_str text);
    bool (*row)(void *user, mw_str json);
    bool (*columns)(void *user, mw_str json);
    /** Text into the answers' document. False: it is no JSON (@p err), or too much. */
    bool (*parse)(void *user, mw_str json, mw_val *out, mw_error *err);
} mw_vm_host;

typedef struct mw_vm_audit {
    const char *path, *source;
    size_t len;
    const char *account, *region, *partition;
    int64_t now_unix;
    bool first; /* of the scopes of its account */
    const char *const *args;
    size_t arg_count;
    const mw_snap *snap;    /* what `inventory` shows, or NULL */
    const mw_doc *answers;  /* may grow while the host answers; values in it stay */
    const mw_vm_host *host; /* NULL: compile only */
    unsigned soft_ms;       /* processor time; waiting for the host costs none */
} mw_vm_audit;

#define MW_VM_PARAMS_MAX ((size_t)60 << 10)
#define MW_VM_ROW_MAX    ((size_t)60 << 10)
#define MW_VM_LINE_MAX   ((size_t)8 << 10)

/**
 * Run the whole script once. @return MW_OK; MW_ERR_SCRIPT with "file:line: …"; MW_ERR_AWS when a call
 * that failed was not caught; MW_ERR_TIMEOUT; MW_ERR_NOMEM; MW_ERR_LIMIT.
 */
mw_status mw_vm_audit_run(mw_vm *vm, const mw_vm_audit *a, mw_error *err);

#endif
