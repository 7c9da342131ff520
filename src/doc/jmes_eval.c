/*
 * Evaluating JMESPath. Results share what they can with the document they came from; lists and objects
 * that an expression makes are added to the builder. Reading an unknown ends the evaluation with that
 * unknown as its result, so that no filter, comparison or count can pass over it: an unknown may be
 * carried (as a member of a multi-select), never judged. Steps are counted, and what is built counts
 * against the builder's ceiling.
 */
#include "doc/jmes.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- What ends an evaluation ---- */

bool mw__jmes_fail(jmes_run *run, mw_status status, const char *format, ...)
{
    char what[256];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    run->status = mw_fail(run->err, status, "JMESPath %s: %s", status == MW_ERR_INVALID ? JMES_TYPE : JMES_LIMIT, what);
    return false;
}

bool mw__jmes_count(jmes_run *run, uint64_t steps)
{
    run->steps += steps;
    if (run->steps > run->o->steps)
        return mw__jmes_fail(run, MW_ERR_LIMIT, "the evaluation takes more than %llu steps",
                             (unsigned long long)run->o->steps);
    return true;
}

bool mw__jmes_read(jmes_run *run, mw_val v)
{
    if (VAL_TAG(v) != TAG_UNKNOWN)
        return true;
    run->unknown = v;
    return false;
}

bool mw__jmes_read_deep(jmes_run *run, mw_val v)
{
    mw_val inner = V_NULL;
    size_t i, n;

    /* each block tells whether an unknown lies below it: one way down, no search */
    while (mw__has_unknown(run->d, v) && mw__jmes_read(run, v)) {
        n = mw_val_len(run->d, v);
        for (i = 0; i < n; i++) {
            inner = VAL_TAG(v) == TAG_ARRAY ? mw_val_at(run->d, v, i) : mw_val_member(run->d, v, i, NULL);
            if (mw__has_unknown(run->d, inner))
                break;
        }
        v = inner;
    }
    return run->unknown == V_ABSENT;
}

bool mw__jmes_take(jmes_run *run, mw_val *out)
{
    *out = mw_doc_pop(run->b);
    if (run->b->status != MW_OK) {
        run->status = mw_doc_builder_status(run->b, run->err);
        return false;
    }
    return true;
}

/* ---- Nodes ---- */

/* A literal or name of the expression, as a value of the builder; looked up once per evaluation. */
static bool literal(jmes_run *run, uint32_t node, mw_val *out)
{
    mw_val *known = &run->literals[node];

    if (*known == V_ABSENT) {
        mw_doc_add_copy(run->b, run->j->literals, run->j->nodes[node].literal);
        if (!mw__jmes_take(run, known))
            return false;
    }
    *out = *known;
    return true;
}

static bool truth(jmes_run *run, mw_val v, bool *out)
{
    size_t len = 1;

    switch (mw_val_kind(run->d, v)) {
    case MW_KIND_UNKNOWN: return mw__jmes_read(run, v);
    case MW_KIND_NULL:
    case MW_KIND_ABSENT: *out = false; return true;
    case MW_KIND_BOOL: *out = v == V_TRUE; return true;
    case MW_KIND_STRING: mw_val_str(run->d, v, &len); break;
    case MW_KIND_ARRAY:
    case MW_KIND_OBJECT: len = mw_val_len(run->d, v); break;
    default: break; /* every number is true */
    }
    *out = len != 0;
    return true;
}

static mw_val null_if_absent(mw_val v)
{
    return v == V_ABSENT ? V_NULL : v;
}

static bool eval_field(jmes_run *run, uint32_t node, mw_val in, mw_val *out)
{
    mw_val name;

    *out = V_NULL;
    if (!mw__jmes_read(run, in))
        return false;
    if (VAL_TAG(in) != TAG_OBJECT)
        return true;
    if (!literal(run, node, &name))
        return false;
    *out = mw_val_get_atom(run->d, in, VAL_PAYLOAD(name));
    if ((*out == V_ABSENT || *out == V_NULL) && run->o->lacking) {
        size_t len;
        const char *text = mw_val_str(run->d, name, &len);
        *out = run->o->lacking(run->o->user, in, text, len);
    }
    *out = null_if_absent(*out);
    return true;
}

static bool eval_index(jmes_run *run, const jmes_node *node, mw_val in, mw_val *out)
{
    int64_t i = node->number[0], n = (int64_t)mw_val_len(run->d, in);

    *out = V_NULL;
    if (!mw__jmes_read(run, in))
        return false;
    if (i < 0)
        i += n;
    if (VAL_TAG(in) == TAG_ARRAY && i >= 0 && i < n)
        *out = mw_val_at(run->d, in, (size_t)i);
    return true;
}

/* A bound of a slice, brought into what can be walked; as in Python, whose slices these are. */
static int64_t slice_bound(int64_t bound, int64_t n, bool down)
{
    if (bound < 0)
        bound += n;
    if (bound < 0)
        return down ? -1 : 0;
    if (bound >= n)
        return down ? n - 1 : n;
    return bound;
}

static bool eval_slice(jmes_run *run, const jmes_node *node, mw_val in, mw_val *out)
{
    int64_t n = (int64_t)mw_val_len(run->d, in), step = node->op & 4 ? node->number[2] : 1, i, end;
    bool down = step < 0;

    *out = V_NULL;
    if (!mw__jmes_read(run, in))
        return false;
    if (VAL_TAG(in) != TAG_ARRAY)
        return true;
    i = node->op & 1 ? slice_bound(node->number[0], n, down) : down ? n - 1 : 0;
    end = node->op & 2 ? slice_bound(node->number[1], n, down) : down ? -1 : n;
    mw_doc_begin_array(run->b);
    for (; down ? i > end : i < end; i += step)
        mw_doc_add_val(run->b, mw_val_at(run->d, in, (size_t)i));
    mw_doc_end_array(run->b);
    return mw__jmes_count(run, (uint64_t)n) && mw__jmes_take(run, out);
}

static bool eval_flatten(jmes_run *run, const jmes_node *node, mw_val in, mw_val *out)
{
    size_t i, k, n, m;
    mw_val base, item;

    if (!mw__jmes_eval(run, node->a, in, &base) || !mw__jmes_read(run, base))
        return false;
    *out = V_NULL;
    if (VAL_TAG(base) != TAG_ARRAY)
        return true;
    n = mw_val_len(run->d, base);
    mw_doc_begin_array(run->b);
    for (i = 0; i < n; i++) {
        item = mw_val_at(run->d, base, i);
        if (!mw__jmes_read(run, item)) /* is it a list? */
            return false;
        if (VAL_TAG(item) != TAG_ARRAY) {
            mw_doc_add_val(run->b, item);
            continue;
        }
        m = mw_val_len(run->d, item);
        if (!mw__jmes_count(run, m))
            return false;
        for (k = 0; k < m; k++)
            mw_doc_add_val(run->b, mw_val_at(run->d, item, k));
    }
    mw_doc_end_array(run->b);
    return mw__jmes_count(run, n) && mw__jmes_take(run, out);
}

/* Projections of all three kinds: apply the right side to each element, leave nulls out. */
static bool eval_projection(jmes_run *run, const jmes_node *node, mw_val in, mw_val *out)
{
    unsigned wants = node->kind == JMES_VALUES ? TAG_OBJECT : TAG_ARRAY;
    mw_val base, item, result;
    bool keep = true;
    size_t i, n;

    if (!mw__jmes_eval(run, node->a, in, &base) || !mw__jmes_read(run, base))
        return false;
    *out = V_NULL;
    if (VAL_TAG(base) != wants)
        return true;
    n = mw_val_len(run->d, base);
    mw_doc_begin_array(run->b);
    for (i = 0; i < n; i++) {
        item = wants == TAG_ARRAY ? mw_val_at(run->d, base, i) : mw_val_member(run->d, base, i, NULL);
        if (node->kind == JMES_FILTER) {
            if (!mw__jmes_eval(run, node->c, item, &result) || !truth(run, result, &keep))
                return false;
            if (!keep)
                continue;
        }
        /* leaving nulls out is a judgement: an unknown may be null */
        if (!mw__jmes_eval(run, node->b, item, &result) || !mw__jmes_read(run, result))
            return false;
        if (result != V_NULL)
            mw_doc_add_val(run->b, result);
    }
    mw_doc_end_array(run->b);
    return mw__jmes_take(run, out);
}

static bool eval_list(jmes_run *run, const jmes_node *node, mw_val in, mw_val *out)
{
    const uint32_t *list = run->j->lists + node->list;
    mw_val value;
    uint32_t i;

    *out = V_NULL;
    if (!mw__jmes_read(run, in))
        return false;
    if (in == V_NULL)
        return true;
    mw_doc_begin_array(run->b);
    for (i = 0; i < node->count; i++) {
        if (!mw__jmes_eval(run, list[i], in, &value))
            return false;
        mw_doc_add_val(run->b, value);
    }
    mw_doc_end_array(run->b);
    return mw__jmes_take(run, out);
}

static bool eval_hash(jmes_run *run, const jmes_node *node, mw_val in, mw_val *out)
{
    const uint32_t *list = run->j->lists + node->list;
    const char *key;
    mw_val value;
    uint32_t i;
    size_t len;

    *out = V_NULL;
    if (!mw__jmes_read(run, in))
        return false;
    if (in == V_NULL)
        return true;
    mw_doc_begin_object(run->b);
    for (i = 0; i < node->count; i++) {
        key = mw_val_str(run->j->literals, list[2 * i], &len);
        mw_doc_key(run->b, key, len);
        if (!mw__jmes_eval(run, list[2 * i + 1], in, &value))
            return false;
        mw_doc_add_val(run->b, value);
    }
    mw_doc_end_object(run->b);
    return mw__jmes_take(run, out);
}

/*
 * Two numbers, or two strings by code point (which is the byte order of UTF-8); nothing else has an
 * order. The specification leaves strings null too, but AWS's own tools compare them, and filters such
 * as [?StartTime >= '2026-01-01'] rely on that.
 */
static bool compare_order(const mw_doc *d, mw_val a, mw_val b, int *order, bool *ordered)
{
    mw_kind ka = mw_val_kind(d, a), kb = mw_val_kind(d, b);

    if (ka == MW_KIND_STRING && kb == MW_KIND_STRING) {
        size_t x_len, y_len;
        const char *x = mw_val_str(d, a, &x_len), *y = mw_val_str(d, b, &y_len);

        *order = memcmp(x, y, x_len < y_len ? x_len : y_len);
        if (*order == 0)
            *order = (x_len > y_len) - (x_len < y_len);
        return true;
    }
    if ((ka != MW_KIND_INT && ka != MW_KIND_REAL) || (kb != MW_KIND_INT && kb != MW_KIND_REAL))
        return false;
    if (ka == MW_KIND_INT && kb == MW_KIND_INT) {
        int64_t x = mw_val_int(d, a), y = mw_val_int(d, b);

        *order = (x > y) - (x < y);
    } else {
        double x = mw_val_real(d, a), y = mw_val_real(d, b);

        *ordered = x == x && y == y; /* NaN has no place in any order */
        *order = (x > y) - (x < y);
    }
    return true;
}

static bool eval_compare(jmes_run *run, const jmes_node *node, mw_val in, mw_val *out)
{
    bool ordered = true;
    mw_val a, b;
    int order = 0;

    if (!mw__jmes_eval(run, node->a, in, &a) || !mw__jmes_read_deep(run, a) || !mw__jmes_eval(run, node->b, in, &b) ||
        !mw__jmes_read_deep(run, b))
        return false;
    if (node->op == TOK_EQ || node->op == TOK_NE) {
        *out = mw_val_equal(run->d, a, run->d, b) == (node->op == TOK_EQ) ? V_TRUE : V_FALSE;
        return true;
    }
    *out = V_NULL;
    if (!compare_order(run->d, a, b, &order, &ordered))
        return true;
    if (!ordered) {
        *out = V_FALSE;
        return true;
    }
    switch (node->op) {
    case TOK_LT: *out = order < 0 ? V_TRUE : V_FALSE; break;
    case TOK_LE: *out = order <= 0 ? V_TRUE : V_FALSE; break;
    case TOK_GT: *out = order > 0 ? V_TRUE : V_FALSE; break;
    default: *out = order >= 0 ? V_TRUE : V_FALSE; break;
    }
    return true;
}

static bool has_type(const jmes_run *run, mw_val v, unsigned type)
{
    unsigned is;
    size_t i, n;

    switch (mw_val_kind(run->d, v)) {
    case MW_KIND_INT:
    case MW_KIND_REAL: is = ARG_NUMBER; break;
    case MW_KIND_STRING: is = ARG_STRING; break;
    case MW_KIND_BOOL: is = ARG_BOOL; break;
    case MW_KIND_OBJECT: is = ARG_OBJECT; break;
    case MW_KIND_ARRAY: is = ARG_ARRAY; break;
    default: is = ARG_NULL; break;
    }
    if (type & is)
        return true;
    if (is != ARG_ARRAY)
        return false;
    n = mw_val_len(run->d, v);
    if (type & ARG_NUMBERS) {
        for (i = 0; i < n && has_type(run, mw_val_at(run->d, v, i), ARG_NUMBER);)
            i++;
        if (i == n)
            return true;
    }
    if (type & ARG_STRINGS) {
        for (i = 0; i < n && has_type(run, mw_val_at(run->d, v, i), ARG_STRING);)
            i++;
        return i == n;
    }
    return false;
}

static const char *type_text(unsigned type)
{
    switch (type) {
    case ARG_NUMBER: return "a number";
    case ARG_STRING: return "a string";
    case ARG_ARRAY: return "an array";
    case ARG_OBJECT: return "an object";
    case ARG_NUMBERS: return "an array of numbers";
    case ARG_STRINGS: return "an array of strings";
    case ARG_NUMBERS | ARG_STRINGS: return "an array of numbers or of strings";
    case ARG_STRING | ARG_ARRAY: return "a string or an array";
    case ARG_STRING | ARG_ARRAY | ARG_OBJECT: return "a string, an array or an object";
    default: return "another type";
    }
}

static const char *kind_text(const jmes_run *run, mw_val v)
{
    switch (mw_val_kind(run->d, v)) {
    case MW_KIND_BOOL: return "a boolean";
    case MW_KIND_INT:
    case MW_KIND_REAL: return "a number";
    case MW_KIND_STRING: return "a string";
    case MW_KIND_ARRAY: return "an array";
    case MW_KIND_OBJECT: return "an object";
    default: return "null";
    }
}

/* Elements are looked at too, where the type is about them. */
static bool check_argument(jmes_run *run, const jmes_function *f, size_t i, mw_val v)
{
    unsigned type = f->types[f->max && i < MW_COUNT(f->types) ? i : 0];
    bool elements = (type & (ARG_NUMBERS | ARG_STRINGS)) != 0;
    size_t k, n;

    if (!mw__jmes_read(run, v))
        return false;
    if (elements && VAL_TAG(v) == TAG_ARRAY) {
        n = mw_val_len(run->d, v);
        if (!mw__jmes_count(run, n))
            return false;
        for (k = 0; k < n; k++)
            if (!mw__jmes_read(run, mw_val_at(run->d, v, k)))
                return false;
    }
    if (has_type(run, v, type))
        return true;
    return mw__jmes_fail(run, MW_ERR_INVALID, "argument %zu of %s() must be %s, it is %s%s", i + 1, f->name,
                         type_text(type), kind_text(run, v),
                         elements && VAL_TAG(v) == TAG_ARRAY ? " with elements of another type" : "");
}

static bool eval_call(jmes_run *run, const jmes_node *node, mw_val in, mw_val *out)
{
    const jmes_function *f = &mw__jmes_functions[node->op];
    const uint32_t *list = run->j->lists + node->list;
    mw_val args[JMES_ARGS_MAX];
    jmes_call call = {f, args, node->count};
    uint32_t i;

    for (i = 0; i < node->count; i++) {
        const jmes_node *argument = &run->j->nodes[list[i]];

        if (argument->kind == JMES_EXPREF)
            args[i] = argument->a;
        else if (!mw__jmes_eval(run, list[i], in, &args[i]) || !check_argument(run, f, i, args[i]))
            return false;
    }
    *out = V_NULL;
    return f->run(run, &call, out);
}

bool mw__jmes_eval(jmes_run *run, uint32_t at, mw_val in, mw_val *out)
{
    const jmes_node *node = &run->j->nodes[at];
    mw_val left;
    bool holds;

    if (!mw__jmes_count(run, 1))
        return false;
    switch ((jmes_kind)node->kind) {
    case JMES_CURRENT: *out = in; return true;
    case JMES_FIELD: return eval_field(run, at, in, out);
    case JMES_LITERAL: return literal(run, at, out);
    case JMES_INDEX: return eval_index(run, node, in, out);
    case JMES_SLICE: return eval_slice(run, node, in, out);
    case JMES_CHAIN: return mw__jmes_eval(run, node->a, in, &left) && mw__jmes_eval(run, node->b, left, out);
    case JMES_FLATTEN: return eval_flatten(run, node, in, out);
    case JMES_PROJECT:
    case JMES_VALUES:
    case JMES_FILTER: return eval_projection(run, node, in, out);
    case JMES_OR:
    case JMES_AND:
        if (!mw__jmes_eval(run, node->a, in, out) || !truth(run, *out, &holds))
            return false;
        return holds == (node->kind == JMES_OR) || mw__jmes_eval(run, node->b, in, out);
    case JMES_NOT:
        if (!mw__jmes_eval(run, node->a, in, &left) || !truth(run, left, &holds))
            return false;
        *out = holds ? V_FALSE : V_TRUE;
        return true;
    case JMES_COMPARE: return eval_compare(run, node, in, out);
    case JMES_LIST: return eval_list(run, node, in, out);
    case JMES_HASH: return eval_hash(run, node, in, out);
    case JMES_CALL: return eval_call(run, node, in, out);
    case JMES_EXPREF: break; /* only ever an argument, which the call takes as it is */
    }
    return mw__jmes_fail(run, MW_ERR_INVALID, "an expression reference has no value");
}

void mw_jmespath_names(const mw_jmespath *j, void (*name)(void *user, const char *name, size_t len), void *user)
{
    for (uint32_t i = 0; i < j->n_nodes; i++) {
        size_t len;
        const char *text = j->nodes[i].kind == JMES_FIELD ? mw_val_str(j->literals, j->nodes[i].literal, &len) : NULL;
        if (text)
            name(user, text, len);
    }
}

mw_status mw_jmespath_eval(const mw_jmespath *j, mw_doc_builder *b, mw_val v, mw_val *out, mw_error *err)
{
    return mw_jmespath_eval_within(j, b, v, &(mw_jmespath_options){.steps = JMES_STEPS_MAX}, out, err);
}

mw_status mw_jmespath_eval_within(const mw_jmespath *j, mw_doc_builder *b, mw_val v, const mw_jmespath_options *o,
                                  mw_val *out, mw_error *err)
{
    size_t n_values = b->n_values, n_keys = b->n_keys, n_frames = b->n_frames;
    mw_val few[32] = {0};
    jmes_run run = {
        .j = j, .b = b, .d = mw_doc_view(b), .literals = few, .unknown = V_ABSENT, .o = o, .status = MW_OK, .err = err};

    *out = V_NULL;
    if (b->status != MW_OK)
        return mw_doc_builder_status(b, err);
    if (j->n_nodes > MW_COUNT(few)) {
        run.literals = mw_alloc(j->n_nodes * sizeof *run.literals);
        if (!run.literals)
            return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    if (!mw__jmes_eval(&run, j->root, null_if_absent(v), out)) {
        *out = run.status == MW_OK ? run.unknown : V_NULL;
        b->n_values = n_values; /* lists that were being made */
        b->n_keys = n_keys;
        b->n_frames = n_frames;
    }
    if (run.literals != few)
        mw_free(run.literals);
    return run.status;
}
