/*
 * What is known of a value without running anything: enough to follow AWS's documents through
 * locals, members, loops and helper functions. VALUE_ANY whenever two ways disagree.
 */
#ifndef MW_LINT_VALUE_H
#define MW_LINT_VALUE_H

#include "inventory/shape.h"
#include "lint/internal.h"

typedef enum value_kind {
    VALUE_ANY,
    VALUE_NIL,
    VALUE_BOOL,
    VALUE_NUMBER,
    VALUE_STRING,   /* shape: the model's, or NULL */
    VALUE_TABLE,    /* node: the constructor */
    VALUE_FUNCTION, /* function */
    VALUE_LIBRARY,  /* name: "string", … */
    VALUE_MODULE,   /* module */
    VALUE_RESOURCE, /* type */
    VALUE_DOC,      /* type: r.doc */
    VALUE_TAGS,
    VALUE_SHAPE, /* structure or map of the model */
    VALUE_CTX,
    VALUE_PARAMS,
    VALUE_INVENTORY,
    VALUE_TRY_CAUSE,
    VALUE_AWS,
    VALUE_SERVICE, /* name: of aws.ec2 */
    VALUE_VERDICT
} value_kind;

typedef struct value {
    uint8_t kind;
    uint8_t lists; /* list layers around it */
    bool loose;    /* may be false as well: `a and b` */
    const mw_shape *shape;
    const mw_type *type;
    const lua_node *node;
    lua_function *function;
    const exports *module;
    mw_str name;
} value;

static inline value mw__lint_value(value_kind kind)
{
    value v = {.kind = (uint8_t)kind};

    return v;
}

/** Of the first value of an expression. */
value mw__lint_value_of(file *f, const lua_node *n);
/** What `v[name]` is. Says nothing about what is wrong. @p known: false when @p v certainly has no
 * such member. */
value mw__lint_value_member(file *f, value v, mw_str name, bool *known);
/** Follow "A.B.C" from @p v. @p bad: the step that is certainly missing, or data NULL. */
value mw__lint_value_path(file *f, value v, mw_str path, value *before, mw_str *bad);
/** The elements of a list, ANY when it is none. */
value mw__lint_value_element(value v);
value mw__lint_value_typed(mw_typed t);
/** "a list", "text" … */
const char *mw__lint_value_name(value v);
/** Names that @p v has, for the nearest one; in the file's arena. */
const char **mw__lint_value_names(file *f, value v, size_t *count);
bool mw__lint_value_method(mw_str name);
/** The operation an audit's call names, or NULL: not known. @p operation: its text. @p params: the
 * table, or NULL. */
bool mw__lint_value_operation(file *f, const lua_node *call, mw_str *operation, const lua_node **operation_node,
                              const lua_node **params);

#endif
