/*
 * The hardened Lua VM. Scripts see a whitelist of functions, their own environment and read-only
 * proxies; they have no metatables, coroutines, load, os, io, debug or randomness. One VM serves all
 * rules of a worker; it is thrown away once it is spoiled (deadline, memory).
 *
 * A lua_State never leaves this floor: callers get plain C data.
 */
#ifndef MW_LUA_VM_H
#define MW_LUA_VM_H

#include "base/buf.h"
#include "lua/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mw_vm mw_vm;

#define MW_VM_BYTES_DEFAULT ((size_t)32 << 20)
#define MW_VM_SOURCE_MAX    ((size_t)256 << 10)
#define MW_VM_TICK_MS       10
#define MW_VM_LOAD_MS       250
#define MW_VM_STRING_MAX    ((size_t)1 << 20) /* what rep, format, gsub and concat may make */

/** For tests of rules: what a traceback costs is nothing that a sweep pays. */
void mw_vm_keep_tracebacks(mw_vm *vm);
/** Of the script error that the last mw_vm_check() ended with, one line each; NULL when there is none. */
const char *mw_vm_traceback(const mw_vm *vm);
/**
 * Files loaded from now on were made by mw_instrument() and report to @p ways, one byte per mark (bits
 * MW_WAY_TRUE, MW_WAY_FALSE); it outlives the VM. NULL: they were not.
 */
void mw_vm_set_marks(mw_vm *vm, uint8_t *ways, size_t count);

/** What a file is loaded as: decides its globals and what it has to return. */
typedef enum mw_vm_flavour {
    MW_VM_RULE,    /* return rule { … } */
    MW_VM_FIXTURES /* return { fixture, … } */
} mw_vm_flavour;

/** A new VM. @p max_bytes 0 = 32 MiB. @return MW_OK; MW_ERR_NOMEM; MW_ERR_SCRIPT (an own module is broken). */
mw_status mw_vm_new(size_t max_bytes, mw_vm **out, mw_error *err);
void mw_vm_free(mw_vm *vm);

/**
 * Tell the VM that MW_VM_TICK_MS of processor time have passed. Async-signal-safe; called by the
 * owner's timer signal on the thread that runs the VM. The same work seen for as many ticks as its
 * budget has expires: the next instruction raises.
 */
void mw_vm_tick(mw_vm *vm);
/** Stop what is running now, as if its deadline had passed. Async-signal-safe. */
void mw_vm_interrupt(mw_vm *vm);
/** A deadline or the memory ceiling was hit: free this VM and make another. */
bool mw_vm_spoiled(const mw_vm *vm);
/** It was the memory ceiling. What evaluations before left in the VM counts towards it. */
bool mw_vm_exhausted(const mw_vm *vm);

/** Start measuring memory, and the most that was added since then, in bytes. */
void mw_vm_peak_reset(mw_vm *vm);
size_t mw_vm_peak(const mw_vm *vm);

/**
 * Run a file (text only, UTF-8 not required, at most MW_VM_SOURCE_MAX) and keep what it returns.
 * @param path   For messages.
 * @param[out] ref  Handle of the returned table, for the functions below.
 * @return MW_OK; MW_ERR_SCRIPT with "file:line: …"; MW_ERR_LIMIT; MW_ERR_TIMEOUT; MW_ERR_NOMEM.
 */
mw_status mw_vm_load(mw_vm *vm, mw_vm_flavour flavour, const char *path, const char *source, size_t len, int *ref,
                     mw_error *err);
/** Elements of a loaded list. */
size_t mw_vm_list_len(mw_vm *vm, int ref);
/**
 * Append the table as JSON: element @p index (from 1) of it, or all of it when 0. Functions become
 * {"$function": true}; an empty table is {}. @return MW_ERR_SCRIPT names the offending path; MW_ERR_LIMIT.
 */
mw_status mw_vm_to_json(mw_vm *vm, int ref, size_t index, mw_buf *out, mw_error *err);

/* ---- Rules ---- */

/** Everything borrowed; lives as long as the VM. */
typedef struct mw_vm_rule {
    int ref; /* from mw_vm_load() */
    const char *id, *resource;
    bool everything;   /* may read whatever the snapshot holds: the prompt, which is no rule */
    size_t need_count; /* "Facet" of the own type, "AWS::X::Y.Facet" of related ones */
    const char *const *needs;
    size_t related_count;
    const char *const *related;
    size_t tag_facet_count; /* "AWS::X::Y" → its tag facet, for each type above that has one */
    const char *const *tag_facet_types;
    const char *const *tag_facets;
} mw_vm_rule;

typedef enum mw_vm_outcome { MW_VM_PASS, MW_VM_FAIL, MW_VM_NOT_APPLICABLE, MW_VM_UNKNOWN, MW_VM_ERROR } mw_vm_outcome;

typedef struct mw_vm_verdict {
    mw_vm_outcome outcome;
    const char *subkey;   /* or NULL */
    const char *message;  /* or NULL */
    const char *evidence; /* JSON array text; "[]" unless it failed */
} mw_vm_verdict;

#define MW_VM_VERDICTS_MAX       100
#define MW_VM_MESSAGE_MAX        1024
#define MW_VM_SUBKEY_MAX         256
#define MW_VM_EVIDENCE_MAX       ((size_t)8 << 10)
#define MW_VM_EVIDENCE_VALUE_MAX 512

/** What is judged, in which world. */
typedef struct mw_vm_subject {
    const mw_vm_rule *rule;
    size_t world;
    mw_val resource; /* envelope, in the snapshot */
    mw_val params;   /* object in the bundle document */
    unsigned soft_ms;
} mw_vm_subject;

/** Documents that proxies read: the snapshot, and the one that holds parameters. Both borrowed. */
void mw_vm_set_documents(mw_vm *vm, const mw_snap *snap, const mw_doc *bundle);
/** Once per rule, after loading: what it may read. @return MW_ERR_SCRIPT when it has no check function. */
mw_status mw_vm_rule_ready(mw_vm *vm, mw_vm_rule *rule, mw_error *err);
/**
 * Judge one resource. Always gives at least one verdict: whatever goes wrong is one of
 * MW_VM_ERROR, an unknown value that was read is one MW_VM_UNKNOWN.
 * @param[out] verdicts  Borrowed until the next call.
 */
size_t mw_vm_check(mw_vm *vm, const mw_vm_subject *s, const mw_vm_verdict **verdicts);
/** Lines given to ctx.log by the last check. */
size_t mw_vm_log_count(const mw_vm *vm);
const char *mw_vm_log_at(const mw_vm *vm, size_t i);

#endif
