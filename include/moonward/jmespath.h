/* JMESPath, complete: one implementation for paginators, waiters, resource types, --query and Lua. */
#ifndef MOONWARD_JMESPATH_H
#define MOONWARD_JMESPATH_H

#include "moonward/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mw_jmespath mw_jmespath;

/**
 * Compile an expression. @return MW_OK; MW_ERR_PARSE naming the column and what was expected.
 * Messages begin with the kind: "JMESPath syntax error, column 3: …", or one of the specification's
 * names, unknown-function, invalid-arity, invalid-type, invalid-value ("limit": a ceiling). A
 * syntax error goes first. Depth and size are bounded. Source:
 * https://jmespath.org/specification.html (26 functions).
 *
 * Names, arity and &expressions of functions and the step of a slice are checked here already.
 * Where the specification leaves a choice: `!a.b[0] == c` is `(!(a.b[0])) == c`; `<` `<=` `>` `>=`
 * compare two numbers or, as AWS's own tools do, two strings by code point, and are null otherwise;
 * a back-tick literal that is not JSON is a string, as in the AWS CLI; members of an object come in
 * byte order of their keys. Threads: a compiled expression is immutable.
 */
mw_status mw_jmespath_compile(const char *expression, size_t len, mw_jmespath **out, mw_error *err);
void mw_jmespath_free(mw_jmespath *j);

/**
 * Evaluate on a value of @p b; what the result needs is added to @p b (values are shared, not
 * copied). A missing member gives MW_VAL_NULL. When an UNKNOWN is read (traversed, compared,
 * given to a function, or decided to be left out by a projection), the whole result is that
 * UNKNOWN; one that is only carried, as by `{a: a}`, stays where it is. @p b's stack is left as it
 * was.
 * @return MW_OK; MW_ERR_INVALID ("JMESPath invalid-type: …") for a function's wrong argument;
 * MW_ERR_LIMIT; MW_ERR_NOMEM.
 */
mw_status mw_jmespath_eval(const mw_jmespath *j, mw_doc_builder *b, mw_val v, mw_val *out, mw_error *err);
typedef struct mw_jmespath_options {
    uint64_t steps; /**< ceiling on evaluated nodes (some ten million a second): MW_ERR_LIMIT */
    /** What a member is that an object of @p b lacks, or has as null: a value of @p b, or ABSENT: null. May be NULL. */
    mw_val (*lacking)(void *user, mw_val object, const char *name, size_t len);
    void *user;
} mw_jmespath_options;
/** The same with the caller's own ceiling, and knowledge of what is missing. */
mw_status mw_jmespath_eval_within(const mw_jmespath *j, mw_doc_builder *b, mw_val v, const mw_jmespath_options *o,
                                  mw_val *out, mw_error *err);
/** Call @p name for each member name that the expression reads anywhere, in no order, perhaps twice. */
void mw_jmespath_names(const mw_jmespath *j, void (*name)(void *user, const char *name, size_t len), void *user);

#ifdef __cplusplus
}
#endif
#endif
