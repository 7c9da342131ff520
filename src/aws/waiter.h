/*
 * Waiters: asking again and again until the service says that something has come true. They are data
 * of the models (acceptors, delay, attempts); here they are read, judged and run on the client's loop.
 */
#ifndef MW_AWS_WAITER_H
#define MW_AWS_WAITER_H

#include "aws/client.h"

typedef struct mw_waiter_spec mw_waiter_spec;

/**
 * Read a modelled waiter. @p name may be the model's (InstanceRunning), botocore's (instance_running) or
 * the AWS CLI's (instance-running).
 * @param op   The operation that is to be asked; another one's waiter is refused.
 * @return MW_OK; MW_ERR_NOTFOUND naming the nearest; MW_ERR_INVALID: it belongs to another operation (the
 *         message says which); MW_ERR_PARSE: the model's is malformed; MW_ERR_NOMEM.
 */
mw_status mw_waiter_spec_new(const mw_operation *op, const char *name, mw_waiter_spec **out, mw_error *err);
void mw_waiter_spec_free(mw_waiter_spec *s);
/** The model's spelling. */
const char *mw_waiter_spec_name(const mw_waiter_spec *s);
int mw_waiter_spec_delay_s(const mw_waiter_spec *s);
int mw_waiter_spec_attempts(const mw_waiter_spec *s);
/** Append a waiter's name as botocore spells it: "InstanceRunning" gives "instance_running". */
mw_status mw_waiter_snake_name(mw_buf *out, const char *name);

typedef struct mw_wait_options {
    int delay_s;      /* < 0 = the model's */
    int max_attempts; /* 0 = the model's */
} mw_wait_options;

typedef struct mw_wait_result {
    mw_status status;    /* MW_OK; MW_ERR_AWS: failed, or not within the attempts; else as of the call */
    mw_error error;      /* on failure: one line, "waiter InstanceRunning: …" */
    mw_call_result last; /* of the last call */
    unsigned attempts;
} mw_wait_result;

typedef struct mw_wait mw_wait;

/**
 * Begin: make @p call now, and again every delay, until an acceptor decides. `call->on_page` gets every
 * answer (its document lies in the builder given); `call->on_done` is not used, paginate must be false.
 * What @p call, its scope and parameters, and @p spec point to must stay until the run is over.
 * @return as mw_client_call().
 */
mw_status mw_wait_start(mw_client *c, const mw_waiter_spec *spec, const mw_call *call, const mw_wait_options *options,
                        mw_wait **out, mw_error *err);
/**
 * How it ended, after mw_client_run(); MW_ERR_CANCELLED when the run ended first.
 * Valid until mw_wait_free().
 */
const mw_wait_result *mw_wait_outcome(mw_wait *w);
/** Not while the client runs. NULL is allowed. */
void mw_wait_free(mw_wait *w);

#endif
