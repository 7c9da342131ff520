/*
 * Templates of the type language: `{Field}` is a JMESPath in the item, and a few reserved names stand
 * for the scope, the time, the parent, a rule's parameter. A compiled template is a tree, so that the
 * parameters of a call (objects and lists of templates) are one template too.
 */
#ifndef MW_INVENTORY_TEMPLATE_H
#define MW_INVENTORY_TEMPLATE_H

#include "base/arena.h"
#include "moonward/doc.h"
#include "moonward/jmespath.h"

typedef struct mw_template mw_template;

/** Everything that a template may read. Values lie in `b`; ABSENT where there is none. */
typedef struct mw_template_context {
    mw_doc_builder *b;
    mw_val item, parent, each, prepared;
    const mw_doc *params_doc; /* rule parameters {name: value}; NULL = none */
    mw_val params;
    const char *account, *region, *partition;
    int64_t now_unix;
} mw_template_context;

typedef enum mw_template_outcome {
    MW_TEMPLATE_VALUE,  /* the value was pushed */
    MW_TEMPLATE_NULL,   /* something it reads is null or missing; nothing was pushed */
    MW_TEMPLATE_UNKNOWN /* something it reads is unknown: *unknown, in c->b; nothing was pushed */
} mw_template_outcome;

/**
 * Compile @p v of @p d (any value; strings with braces are templates, all else is copied as it is).
 * @return MW_OK; MW_ERR_PARSE naming the text and the fault; MW_ERR_NOMEM. Free with mw_template_free().
 */
mw_status mw_template_compile(const mw_doc *d, mw_val v, mw_template **out, mw_error *err);
void mw_template_free(mw_template *t);
/** Does it read the item, the parent, `{each}` or `{prepared}`? Otherwise its value is the scope's. */
bool mw_template_per_item(const mw_template *t);
/**
 * Expand into @p out, a builder other than c->b. A string that is one placeholder takes the value's
 * own kind; values are never expanded again. On any outcome but VALUE, @p out holds rubbish: reset it.
 */
mw_status mw_template_expand(const mw_template *t, const mw_template_context *c, mw_doc_builder *out,
                             mw_template_outcome *outcome, mw_val *unknown, mw_error *err);
/** Shorthand for a template that gives text: appended to @p out. */
mw_status mw_template_text(const mw_template *t, const mw_template_context *c, mw_buf *out,
                           mw_template_outcome *outcome, mw_val *unknown, mw_error *err);

#endif
