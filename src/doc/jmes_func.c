/*
 * The 26 functions of the JMESPath specification. Arguments come checked by the table at the end: their
 * number and expression references when the expression was compiled, their types and that none of them
 * is unknown when it is evaluated. What looks deeper into an argument (contains, to_string, keys made by
 * an expression) checks for unknowns itself. Strings are ordered and counted by code points, which in
 * UTF-8 is the order of bytes.
 */
#include "doc/jmes.h"

#include "base/mem.h"

#include <math.h>

static bool is_number(const jmes_run *run, mw_val v)
{
    mw_kind kind = mw_val_kind(run->d, v);

    return kind == MW_KIND_INT || kind == MW_KIND_REAL;
}

static bool is_string(const jmes_run *run, mw_val v)
{
    return mw_val_kind(run->d, v) == MW_KIND_STRING;
}

static bool give_bool(mw_val *out, bool value)
{
    *out = value ? V_TRUE : V_FALSE;
    return true;
}

static bool give_int(jmes_run *run, mw_val *out, int64_t value)
{
    mw_doc_add_int(run->b, value);
    return mw__jmes_take(run, out);
}

static bool give_real(jmes_run *run, mw_val *out, double value)
{
    mw_doc_add_real(run->b, value);
    return mw__jmes_take(run, out);
}

/* A whole double as an integer, when one can hold it. */
static bool give_whole(jmes_run *run, mw_val *out, double value)
{
    if (value >= -9223372036854775808.0 && value < 9223372036854775808.0) /* 2^63 */
        return give_int(run, out, (int64_t)value);
    return give_real(run, out, value);
}

static bool give_text(jmes_run *run, mw_val *out, mw_buf *text)
{
    mw_status st = text->failed;

    if (st == MW_OK)
        mw_doc_add_str(run->b, text->data ? text->data : "", text->len);
    mw_buf_clear(text);
    if (st != MW_OK)
        return mw__jmes_fail(run, st, "a string could not be made: %s",
                             st == MW_ERR_LIMIT ? "it is too long" : "out of memory");
    return mw__jmes_take(run, out);
}

/* ---- Numbers ---- */

static bool f_abs(jmes_run *run, const jmes_call *call, mw_val *out)
{
    mw_val v = call->args[0];
    int64_t i = mw_val_int(run->d, v);

    if (mw_val_kind(run->d, v) == MW_KIND_REAL || i == INT64_MIN)
        return give_real(run, out, fabs(mw_val_real(run->d, v)));
    return give_int(run, out, i < 0 ? -i : i);
}

static bool f_ceil(jmes_run *run, const jmes_call *call, mw_val *out)
{
    *out = call->args[0];
    return mw_val_kind(run->d, *out) == MW_KIND_INT || give_whole(run, out, ceil(mw_val_real(run->d, *out)));
}

static bool f_floor(jmes_run *run, const jmes_call *call, mw_val *out)
{
    *out = call->args[0];
    return mw_val_kind(run->d, *out) == MW_KIND_INT || give_whole(run, out, floor(mw_val_real(run->d, *out)));
}

static bool f_sum(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t i, n = mw_val_len(run->d, call->args[0]);
    int64_t whole = 0;
    bool exact = true;
    double real = 0;

    for (i = 0; i < n; i++) {
        mw_val v = mw_val_at(run->d, call->args[0], i);

        exact = exact && mw_val_kind(run->d, v) == MW_KIND_INT &&
                !__builtin_add_overflow(whole, mw_val_int(run->d, v), &whole);
        real += mw_val_real(run->d, v);
    }
    return exact ? give_int(run, out, whole) : give_real(run, out, real);
}

static bool f_avg(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t n = mw_val_len(run->d, call->args[0]);

    if (!n)
        return true; /* null */
    return f_sum(run, call, out) && give_real(run, out, mw_val_real(run->d, *out) / (double)n);
}

static bool f_to_number(jmes_run *run, const jmes_call *call, mw_val *out)
{
    mw_val v = call->args[0];
    mw_error ignored;
    const char *s;
    mw_status st;
    size_t len;

    if (is_number(run, v)) {
        *out = v;
        return true;
    }
    s = mw_val_str(run->d, v, &len);
    /* json-number: the reader's numbers, without the space that it would skip */
    if (!s || !len || !strchr("-0123456789", s[0]) || !s[0] || s[len - 1] < '0' || s[len - 1] > '9')
        return true;
    st = mw_json_read(run->b, s, len, NULL, NULL, &ignored);
    if (st == MW_ERR_PARSE)
        return true;
    if (st != MW_OK)
        return mw__jmes_fail(run, st, "%s", ignored.message);
    return mw__jmes_take(run, out);
}

/* ---- Strings ---- */

static bool f_starts_with(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t len, part;
    const char *s = mw_val_str(run->d, call->args[0], &len);
    const char *p = mw_val_str(run->d, call->args[1], &part);

    return give_bool(out, part <= len && memcmp(s, p, part) == 0);
}

static bool f_ends_with(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t len, part;
    const char *s = mw_val_str(run->d, call->args[0], &len);
    const char *p = mw_val_str(run->d, call->args[1], &part);

    return give_bool(out, part <= len && memcmp(s + len - part, p, part) == 0);
}

static bool f_contains(jmes_run *run, const jmes_call *call, mw_val *out)
{
    mw_val in = call->args[0], what = call->args[1];
    size_t i, n = mw_val_len(run->d, in), len, part;
    const char *s, *p;

    if (is_string(run, in)) {
        s = mw_val_str(run->d, in, &len);
        p = mw_val_str(run->d, what, &part);
        return give_bool(out, p && (part == 0 || memmem(s, len, p, part) != NULL));
    }
    if (!mw__jmes_count(run, n) || !mw__jmes_read_deep(run, in) || !mw__jmes_read_deep(run, what))
        return false;
    for (i = 0; i < n; i++)
        if (mw_val_equal(run->d, mw_val_at(run->d, in, i), run->d, what))
            break;
    return give_bool(out, i < n);
}

static bool f_join(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t i, n = mw_val_len(run->d, call->args[1]), glue_len, len;
    const char *glue = mw_val_str(run->d, call->args[0], &glue_len), *s;
    mw_buf text = {.max = run->b->max_bytes};

    for (i = 0; i < n; i++) {
        if (i)
            mw_buf_add(&text, glue, glue_len, NULL);
        s = mw_val_str(run->d, mw_val_at(run->d, call->args[1], i), &len);
        mw_buf_add(&text, s, len, NULL);
    }
    return give_text(run, out, &text);
}

static bool f_to_string(jmes_run *run, const jmes_call *call, mw_val *out)
{
    mw_buf text = {.max = run->b->max_bytes};

    *out = call->args[0];
    if (is_string(run, *out))
        return true;
    if (!mw__jmes_read_deep(run, *out))
        return false;
    mw_json_write(&text, run->d, *out, MW_JSON_COMPACT);
    return give_text(run, out, &text);
}

static bool f_type(jmes_run *run, const jmes_call *call, mw_val *out)
{
    static const char *const names[] = {
        [MW_KIND_NULL] = "null",     [MW_KIND_BOOL] = "boolean", [MW_KIND_INT] = "number",    [MW_KIND_REAL] = "number",
        [MW_KIND_STRING] = "string", [MW_KIND_ARRAY] = "array",  [MW_KIND_OBJECT] = "object",
    };

    mw_doc_add_cstr(run->b, names[mw_val_kind(run->d, call->args[0])]);
    return mw__jmes_take(run, out);
}

/* ---- Lists and objects ---- */

static bool f_length(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t n = mw_val_len(run->d, call->args[0]), len, i;
    const char *s = mw_val_str(run->d, call->args[0], &len);

    if (s)
        for (n = 0, i = 0; i < len; i++)
            n += ((unsigned char)s[i] & 0xC0) != 0x80;
    return give_int(run, out, (int64_t)n);
}

static bool f_reverse(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t n = mw_val_len(run->d, call->args[0]), end, start;
    const char *s = mw_val_str(run->d, call->args[0], &end);
    mw_buf text = {.max = run->b->max_bytes};

    if (s) {
        for (; end > 0; end = start) {
            for (start = end - 1; start > 0 && ((unsigned char)s[start] & 0xC0) == 0x80;)
                start--;
            mw_buf_add(&text, s + start, end - start, NULL);
        }
        return give_text(run, out, &text);
    }
    if (!mw__jmes_count(run, n))
        return false;
    mw_doc_begin_array(run->b);
    while (n-- > 0)
        mw_doc_add_val(run->b, mw_val_at(run->d, call->args[0], n));
    mw_doc_end_array(run->b);
    return mw__jmes_take(run, out);
}

static bool f_keys(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t i, n = mw_val_len(run->d, call->args[0]);
    mw_val key;

    mw_doc_begin_array(run->b);
    for (i = 0; i < n; i++) {
        mw_val_member(run->d, call->args[0], i, &key);
        mw_doc_add_val(run->b, key);
    }
    mw_doc_end_array(run->b);
    return mw__jmes_count(run, n) && mw__jmes_take(run, out);
}

static bool f_values(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t i, n = mw_val_len(run->d, call->args[0]);

    mw_doc_begin_array(run->b);
    for (i = 0; i < n; i++)
        mw_doc_add_val(run->b, mw_val_member(run->d, call->args[0], i, NULL));
    mw_doc_end_array(run->b);
    return mw__jmes_count(run, n) && mw__jmes_take(run, out);
}

static bool f_merge(jmes_run *run, const jmes_call *call, mw_val *out)
{
    mw_val key, member;
    size_t a, i, n;

    mw_doc_begin_object(run->b);
    for (a = 0; a < call->count; a++) {
        n = mw_val_len(run->d, call->args[a]);
        for (i = 0; i < n; i++) {
            member = mw_val_member(run->d, call->args[a], i, &key);
            mw_doc_key_val(run->b, key);
            mw_doc_add_val(run->b, member); /* the last of equal keys wins */
        }
        if (!mw__jmes_count(run, n))
            return false;
    }
    mw_doc_end_object(run->b);
    return mw__jmes_take(run, out);
}

static bool f_not_null(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t i;

    (void)run;
    for (i = 0; i < call->count; i++) {
        *out = call->args[i];
        if (*out != V_NULL)
            break;
    }
    return true;
}

static bool f_to_array(jmes_run *run, const jmes_call *call, mw_val *out)
{
    *out = call->args[0];
    if (VAL_TAG(*out) == TAG_ARRAY)
        return true;
    mw_doc_begin_array(run->b);
    mw_doc_add_val(run->b, *out);
    mw_doc_end_array(run->b);
    return mw__jmes_take(run, out);
}

static bool f_map(jmes_run *run, const jmes_call *call, mw_val *out)
{
    size_t i, n = mw_val_len(run->d, call->args[1]);
    mw_val value;

    mw_doc_begin_array(run->b);
    for (i = 0; i < n; i++) {
        if (!mw__jmes_eval(run, call->args[0], mw_val_at(run->d, call->args[1], i), &value))
            return false;
        mw_doc_add_val(run->b, value); /* nulls stay, so nothing is judged */
    }
    mw_doc_end_array(run->b);
    return mw__jmes_take(run, out);
}

/* ---- Order ---- */

/* Two numbers or two strings. */
static int compare(const mw_doc *d, mw_val a, mw_val b)
{
    if (a == b)
        return 0;
    if (VAL_TAG(a) == TAG_STR)
        return mw__atom_compare(d, VAL_PAYLOAD(a), VAL_PAYLOAD(b));
    if (VAL_TAG(a) == TAG_REAL || VAL_TAG(b) == TAG_REAL) {
        double x = mw_val_real(d, a), y = mw_val_real(d, b);

        if (isnan(x) || isnan(y)) /* a total order all the same: NaN first */
            return isnan(y) - isnan(x);
        return (x > y) - (x < y);
    }
    return (mw_val_int(d, a) > mw_val_int(d, b)) - (mw_val_int(d, a) < mw_val_int(d, b));
}

struct by_key {
    const mw_doc *d;
    const mw_val *keys;
};

static int compare_by_key(void *ctx, uint32_t a, uint32_t b)
{
    const struct by_key *by = ctx;

    return compare(by->d, by->keys[a], by->keys[b]);
}

/* The sort key of each element: the element, or what the expression @p node gives for it. */
static bool make_keys(jmes_run *run, const jmes_call *call, bool by, mw_val list, mw_val *keys, size_t n)
{
    bool strings = false;
    size_t i;

    for (i = 0; i < n; i++) {
        keys[i] = mw_val_at(run->d, list, i);
        if (!by)
            continue;
        if (!mw__jmes_eval(run, call->args[1], keys[i], &keys[i]) || !mw__jmes_read(run, keys[i]))
            return false;
        if (i == 0)
            strings = is_string(run, keys[0]);
        if (strings ? !is_string(run, keys[i]) : !is_number(run, keys[i]))
            return mw__jmes_fail(run, MW_ERR_INVALID,
                                 "%s(): its expression must give a number for each element, or a "
                                 "string for each; element %zu differs",
                                 call->function->name, i);
    }
    return true;
}

static bool sorted(jmes_run *run, const jmes_call *call, bool by, mw_val *out)
{
    mw_val list = call->args[0];
    size_t n = mw_val_len(run->d, list), i;
    uint32_t *memory = NULL;
    struct by_key order = {run->d, NULL};
    bool ok = false;

    *out = list;
    if (n == 0)
        return true;
    if (!mw__jmes_count(run, n))
        return false;
    memory = mw_alloc(3 * n * sizeof *memory); /* keys, order, scratch; n is below 2^29 */
    if (!memory)
        return mw__jmes_fail(run, MW_ERR_NOMEM, "out of memory");
    if (!make_keys(run, call, by, list, memory, n))
        goto out;
    order.keys = memory;
    for (i = 0; i < n; i++)
        memory[n + i] = (uint32_t)i;
    mw__sort(memory + n, memory + 2 * n, n, compare_by_key, &order);
    mw_doc_begin_array(run->b);
    for (i = 0; i < n; i++)
        mw_doc_add_val(run->b, mw_val_at(run->d, list, memory[n + i]));
    mw_doc_end_array(run->b);
    ok = mw__jmes_take(run, out);
out:
    mw_free(memory);
    return ok;
}

static bool f_sort(jmes_run *run, const jmes_call *call, mw_val *out)
{
    return sorted(run, call, false, out);
}

static bool f_sort_by(jmes_run *run, const jmes_call *call, mw_val *out)
{
    return sorted(run, call, true, out);
}

/* The first of the greatest (sign 1) or least (sign -1) elements. */
static bool extreme(jmes_run *run, const jmes_call *call, bool by, int sign, mw_val *out)
{
    mw_val list = call->args[0], *keys;
    size_t n = mw_val_len(run->d, list), i, best = 0;
    bool ok;

    if (n == 0)
        return true; /* null */
    keys = mw_alloc(n * sizeof *keys);
    if (!keys)
        return mw__jmes_fail(run, MW_ERR_NOMEM, "out of memory");
    ok = mw__jmes_count(run, n) && make_keys(run, call, by, list, keys, n);
    for (i = 1; ok && i < n; i++)
        if (sign * compare(run->d, keys[i], keys[best]) > 0)
            best = i;
    *out = mw_val_at(run->d, list, best);
    mw_free(keys);
    return ok;
}

static bool f_max(jmes_run *run, const jmes_call *call, mw_val *out)
{
    return extreme(run, call, false, 1, out);
}

static bool f_min(jmes_run *run, const jmes_call *call, mw_val *out)
{
    return extreme(run, call, false, -1, out);
}

static bool f_max_by(jmes_run *run, const jmes_call *call, mw_val *out)
{
    return extreme(run, call, true, 1, out);
}

static bool f_min_by(jmes_run *run, const jmes_call *call, mw_val *out)
{
    return extreme(run, call, true, -1, out);
}

/* Source: https://jmespath.org/specification.html, "Built-in Functions". */
const jmes_function mw__jmes_functions[] = {
    {"abs", 1, 1, {ARG_NUMBER}, f_abs},
    {"avg", 1, 1, {ARG_NUMBERS}, f_avg},
    {"ceil", 1, 1, {ARG_NUMBER}, f_ceil},
    {"contains", 2, 2, {ARG_STRING | ARG_ARRAY, ARG_ANY}, f_contains},
    {"ends_with", 2, 2, {ARG_STRING, ARG_STRING}, f_ends_with},
    {"floor", 1, 1, {ARG_NUMBER}, f_floor},
    {"join", 2, 2, {ARG_STRING, ARG_STRINGS}, f_join},
    {"keys", 1, 1, {ARG_OBJECT}, f_keys},
    {"length", 1, 1, {ARG_STRING | ARG_ARRAY | ARG_OBJECT}, f_length},
    {"map", 2, 2, {ARG_EXPREF, ARG_ARRAY}, f_map},
    {"max", 1, 1, {ARG_NUMBERS | ARG_STRINGS}, f_max},
    {"max_by", 2, 2, {ARG_ARRAY, ARG_EXPREF}, f_max_by},
    {"merge", 1, 0, {ARG_OBJECT}, f_merge},
    {"min", 1, 1, {ARG_NUMBERS | ARG_STRINGS}, f_min},
    {"min_by", 2, 2, {ARG_ARRAY, ARG_EXPREF}, f_min_by},
    {"not_null", 1, 0, {ARG_ANY}, f_not_null},
    {"reverse", 1, 1, {ARG_STRING | ARG_ARRAY}, f_reverse},
    {"sort", 1, 1, {ARG_NUMBERS | ARG_STRINGS}, f_sort},
    {"sort_by", 2, 2, {ARG_ARRAY, ARG_EXPREF}, f_sort_by},
    {"starts_with", 2, 2, {ARG_STRING, ARG_STRING}, f_starts_with},
    {"sum", 1, 1, {ARG_NUMBERS}, f_sum},
    {"to_array", 1, 1, {ARG_ANY}, f_to_array},
    {"to_number", 1, 1, {ARG_ANY}, f_to_number},
    {"to_string", 1, 1, {ARG_ANY}, f_to_string},
    {"type", 1, 1, {ARG_ANY}, f_type},
    {"values", 1, 1, {ARG_OBJECT}, f_values},
};
const size_t mw__jmes_function_count = MW_COUNT(mw__jmes_functions);
