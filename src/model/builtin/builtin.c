/* The pack that this binary carries (pack.S, generated), opened on first use and never closed. */
#include "model/pack.h"

#include <pthread.h>

extern const unsigned char mw__builtin_pack[] __attribute__((visibility("hidden")));
extern const unsigned char mw__builtin_pack_end[] __attribute__((visibility("hidden")));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static mw_models *opened;

mw_status mw_models_builtin(const mw_models **out, mw_error *err)
{
    mw_status st = MW_OK;

    pthread_mutex_lock(&lock);
    if (!opened)
        st = mw__models_open_trusted(mw__builtin_pack, (size_t)(mw__builtin_pack_end - mw__builtin_pack), &opened, err);
    *out = opened;
    pthread_mutex_unlock(&lock);
    return st;
}
