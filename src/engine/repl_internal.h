/* What the broker's and the worker's side of a prompt share. */
#ifndef MW_ENGINE_REPL_INTERNAL_H
#define MW_ENGINE_REPL_INTERNAL_H

#include "engine/repl.h"
#include "engine/worker.h"

#define MW_REPL_SOFT_MS  2000
#define MW_REPL_WALL_MS  15000 /* a worker that does not answer for so long is ended */
#define MW_REPL_VM_BYTES ((size_t)64 << 20)

/* Broker to worker: kind, world, number in the type's array, length of type, length of text; then both. */
typedef enum mw_repl_ask { MW_REPL_ASK_RUN = 'r', MW_REPL_ASK_NAMES = 'n' } mw_repl_ask;
typedef struct mw_repl_question {
    uint32_t kind, world, index, type_len, text_len;
} mw_repl_question;
#define MW_REPL_NOTHING UINT32_MAX /* index: no resource is at hand */

/** The worker; never returns. argv: --worker repl broker-pid. */
void mw__repl_worker_main(int argc, char **argv);

#endif
