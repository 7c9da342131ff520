/* What the files of this floor know of a type: its value in a document. */
#ifndef MW_INVENTORY_TYPE_INTERNAL_H
#define MW_INVENTORY_TYPE_INTERNAL_H

#include "inventory/type.h"

struct mw_type {
    const char *name, *alias; /* alias may be NULL */
    const mw_doc *d;
    mw_val v;      /* the type as in its YAML file */
    mw_val facets; /* ABSENT when it has none */
    bool own;      /* of a team's folder: nobody held it against the models yet */
    const mw_doc *replaced_d;
    mw_val replaced; /* the built-in type of that name, in replaced_d, or ABSENT */
};

/** The document that mw-typec made of types/. */
const void *mw_types_builtin(size_t *size);

#endif
