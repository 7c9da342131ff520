/* Which service models a command works with: those of the binary, or a pack of the user's. */
#ifndef MW_CLI_MODELS_H
#define MW_CLI_MODELS_H

#include "cli/command.h"
#include "moonward/model.h"

/** `MW_AUTO(mw_model_pack) p = {0};` */
typedef struct mw_model_pack {
    const mw_models *models;
    mw_models *opened; /* NULL: the binary's own, never freed */
} mw_model_pack;

/** --models or MOONWARD_MODELS, else the built-in ones. MW_ERR_NOTFOUND, MW_ERR_PARSE: "--models: …". */
mw_status mw_model_pack_open(const mw_args *args, mw_model_pack *out, mw_error *err);
void mw_model_pack_clear(mw_model_pack *p);

#endif
