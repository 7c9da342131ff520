/*
 * What is sensitive in the documents of a type: paths that the service models mark, members that are named like
 * secrets, and the type's own list, without what is excepted (docs/reference/resource-types.md).
 */
#ifndef MW_INVENTORY_SENSITIVE_H
#define MW_INVENTORY_SENSITIVE_H

#include "base/arena.h"
#include "inventory/type.h"
#include "moonward/model.h"

/** Paths of one type, in order; none lies below another. All in the caller's arena. */
typedef struct mw_sensitive {
    const char **paths;
    size_t count;
} mw_sensitive;

/**
 * Names joined by dots, from the document on; lists add nothing, "*" stands for each member of a map. A path covers every
 * text that is below it. A type that is derived has what its sources have (in @p types), one that replaces a built-in one what that
 * lists.
 * @return MW_OK; MW_ERR_NOMEM. Cost: a walk over the shapes of the type's answers, as an outline takes.
 */
mw_status mw_sensitive_of(const mw_type *t, const mw_types *types, const mw_models *m, mw_arena *arena,
                          mw_sensitive *out, mw_error *err);
/** Push the paths as a mask (doc/withhold.h). */
void mw_sensitive_add_mask(mw_doc_builder *b, const mw_sensitive *s);
/**
 * Does each path that the type lists exist in what the models know of its documents?
 * @return MW_OK; MW_ERR_INVALID: the message names the type and the path.
 */
mw_status mw_sensitive_check(const mw_type *t, const mw_models *m, mw_error *err);

/** A path that the models mark sensitive and that is kept all the same. */
typedef struct mw_sensitive_exception {
    const char *type, *path, *reason;
} mw_sensitive_exception;
/** The exceptions, in order of types and paths. */
const mw_sensitive_exception *mw_sensitive_exceptions(size_t *count);

#endif
