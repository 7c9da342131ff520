/* What a document of a type may have on its first level: the columns that a query sees. */
#ifndef MW_INVENTORY_COLUMNS_H
#define MW_INVENTORY_COLUMNS_H

#include "base/arena.h"
#include "inventory/type.h"
#include "moonward/model.h"

typedef enum mw_column_kind { MW_COLUMN_TEXT, MW_COLUMN_INTEGER, MW_COLUMN_REAL, MW_COLUMN_JSON } mw_column_kind;

typedef struct mw_column {
    const char *name; /* AWS's own */
    mw_column_kind kind;
    bool facet; /* filled by a call of its own */
} mw_column;

/**
 * Members of the listed item as the model has them, those of a describe call, and the facets, each
 * once, in byte order.
 * @param type    NULL: nothing is known of it, no columns.
 * @param models  A service that they lack leaves the facets alone.
 * @param arena   Of the caller; the names live as long as it does. MW_ERR_NOMEM is the only
 * failure.
 */
mw_status mw_type_columns(const mw_type *type, const mw_models *models, mw_arena *arena, const mw_column **out,
                          size_t *count, mw_error *err);

#endif
