/* Between the broker and its workers: descriptors, the progress page, running a set of them. */
#ifndef MW_ENGINE_WORKER_H
#define MW_ENGINE_WORKER_H

#include "engine/evaluate.h"
#include "engine/work.h"
#include "engine/worker_records.h"
#include "lua/vm.h"

#include <stdatomic.h>
#include <sys/types.h>

/* Descriptors of a worker. */
enum { MW_WORKER_SNAPSHOT_FD = 3, MW_WORKER_BUNDLE_FD, MW_WORKER_RESULTS_FD, MW_WORKER_PROGRESS_FD, MW_WORKER_FD_END };

#define MW_PROGRESS_SIZE    4096
#define MW_QUARANTINE_BYTES (MW_PROGRESS_SIZE - 32)

typedef enum mw_worker_phase { MW_PHASE_START, MW_PHASE_LOAD, MW_PHASE_RUN } mw_worker_phase;

/* Shared memory: the worker tells where it is, the broker which rules to leave out. */
typedef struct mw_progress_page {
    _Atomic uint64_t sequence; /* changes whenever the worker gets on */
    _Atomic uint32_t item, rule, phase;
    uint32_t unused;
    _Atomic unsigned char quarantined[MW_QUARANTINE_BYTES]; /* a bit per rule */
} mw_progress_page;
_Static_assert(sizeof(mw_progress_page) <= MW_PROGRESS_SIZE, "the progress page is one page");

#define MW_WORKER_FDS (MW_WORKER_FD_END - MW_WORKER_SNAPSHOT_FD)
/** Start a worker with these descriptors, an empty environment and a process group of its own. @return errno's value or 0. */
int mw__worker_spawn(const int fds[MW_WORKER_FDS], char *const *argv, pid_t *pid);
/**
 * Start a worker of a kind ("audit") that talks over a socket in place of the results pipe.
 * @param[out] fd  Our end. @return MW_OK; MW_ERR_IO when it cannot be started.
 */
mw_status mw__worker_spawn_talking(char *kind, int snapshot_fd, int bundle_fd, pid_t *pid, int *fd, mw_error *err);
/** In a worker that talks: read exactly so much from the broker, who is believed. False: it is gone. */
bool mw__worker_read(void *to, size_t len);
/** What became of a process, for messages. @return @p out. */
const char *mw__worker_death(int status, char *out, size_t size);
const char *mw__worker_path(void);
/** What a worker said of its isolation when it was ready. The first time that something is missing is a warning. */
void mw__worker_isolation(mw_str isolation);
/** The executable that becomes a worker; NULL = this one. For tests. The text is borrowed. */
void mw__worker_set_path(const char *path);

/**
 * Give up everything that a worker does not need: descriptors, dumps, privileges, limits, system calls.
 * @param broker  Its process id; when that process is gone already, this one ends.
 * @param bytes   What it may map beyond what it has now.
 * @param[out] isolation  "seccomp", or "process only (why)".
 */
void mw__jail_enter(pid_t broker, size_t bytes, char *isolation, size_t size);
/** For tests: enter as if the kernel refused seccomp with this errno. */
void mw__jail_without_seccomp(int error);

/** In the worker: tell @p vm (NULL = none) of each tick of processor time from now on. */
void mw__worker_tick(mw_vm *vm);
/** The worker of an audit; never returns. argv: --worker audit broker-pid. Its results are a socket that answers come back on. */
void mw__audit_worker_main(int argc, char **argv);

/** How a run treats its workers. */
typedef struct mw_pool {
    const mw_work *work;
    int snapshot_fd; /* -1 in the modes that load */
    int bundle_fd;
    size_t workers;
    int hard_ms;
    bool quarantine;           /* after MW_DEATHS_MAX deaths of a rule */
    const volatile bool *stop; /* may be NULL */
    void *user;
    /** A record of an evaluation, in order within a slot. Failing it makes the worker's answer incredible. */
    mw_status (*on_record)(void *user, size_t slot, const mw_record *r, mw_error *err);
    /**
     * Verdicts of one item and of @p count of its rules in a row, that have no text: pass or not applicable. In order
     * with the records. NULL: they come one by one, as records.
     */
    mw_status (*on_plain)(void *user, uint32_t item, const uint32_t *rules, size_t count, mw_verdict status,
                          mw_error *err);
    /** Evaluation @p p has no answer: the worker died in it. What came of it so far is void. */
    mw_status (*on_lost)(void *user, size_t slot, mw_position p, const char *why, mw_error *err);
    /** An OBSERVED record, for a rule and an item that there are. NULL: none is expected. */
    mw_status (*on_observed)(void *user, const mw_record *r, mw_error *err);
    void (*on_progress)(void *user, size_t done, size_t total); /* may be NULL */
    void *progress_user;
    mw_profile_rule *profile; /* one per rule, added to; NULL = no worker measures */
    /* out */
    size_t started, died;
    char isolation[128];
    unsigned char *quarantined; /* one per rule; filled here; owned by the caller */
} mw_pool;

#define MW_DEATHS_MAX 3 /* of one rule in one run, then it is quarantined */
#define MW_SLOW_MAX   3 /* soft deadlines or memory ceilings of one rule, likewise */

/** Run to the end. @return MW_OK; MW_ERR_CANCELLED; MW_ERR_IO when no worker can be started; what a callback returned. */
mw_status mw__pool_run(mw_pool *p, mw_error *err);

/** The bundle document for a set of rules; @p jobs may be NULL (all rules on world 0 of @p snap). */
typedef struct mw_job {
    uint32_t rule;          /* index in the rules */
    size_t world, resource; /* number in its type's array */
    mw_val params;          /* in @p params_doc; ABSENT = the rule's own */
} mw_job;

/** A rule's text with marks (lua/instrument.h). */
typedef struct mw_marked_source {
    const char *source; /* NULL: the rule is evaluated as it was written */
    size_t len, marks;
} mw_marked_source;

/** For tests of rules: what each evaluation cost and did, besides its verdicts. */
typedef struct mw_observer {
    void *user;
    const mw_marked_source *marked; /* one per rule, or NULL */
    /** In any order; the record is borrowed. Its texts come from a worker: hostile. */
    mw_status (*on_observed)(void *user, const mw_record *r, mw_error *err);
} mw_observer;

mw_status mw__bundle_rules(const mw_rules *rules, const mw_evaluate_options *o, const mw_job *jobs, size_t job_count,
                           const mw_doc *params_doc, const mw_snap *snap, const mw_observer *observer, int *fd,
                           mw_error *err);
typedef struct mw_source_file {
    const char *path, *source;
    size_t len;
} mw_source_file;
/** @p mode "load" or "fixtures". */
mw_status mw__bundle_files(const char *mode, const mw_source_file *files, size_t count, int *fd, mw_error *err);

/** Run files through one worker. @p on_record gets LOADED, FIXTURE and FAILED records, also for files that killed their worker. */
mw_status mw__load_files(const char *mode, const mw_source_file *files, size_t count, void *user,
                         mw_status (*on_record)(void *user, const mw_record *r, mw_error *err), mw_error *err);

/** Evaluate jobs; findings of each job in @p per_job. @p observer may be NULL. */
mw_status mw__evaluate_jobs(const mw_rules *rules, int snapshot_fd, const mw_job *jobs, size_t count,
                            const mw_doc *params_doc, const mw_evaluate_options *o, const mw_observer *observer,
                            mw_findings *per_job, mw_error *err);

#endif
