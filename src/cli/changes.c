/*
 * The fields in which two documents differ. A walk over both at once; lists are bags, for AWS gives
 * most of them in any order. An unknown differs from nothing: where it stands on one side the field
 * is told as unknown, so that a denied call never looks like a change. What is told is bounded, in
 * fields and in bytes of a value. A withheld value is no such unknown: its token tells whether it is another one.
 */
#include "cli/changes.h"

#include "base/str.h"
#include "doc/withhold.h"
#include "report/term.h"
#include "report/value.h"

#include <string.h>

#define BAG_MAX 512 /* elements that are compared with each other; longer lists are told whole */

struct walk {
    const mw_doc *a, *b;
    mw_doc_builder *out;
    mw_buf path;
    mw_changes_count *count;
};

static bool is_unknown(const mw_doc *d, mw_val v)
{
    return mw_val_kind(d, v) == MW_KIND_UNKNOWN && !mw_val_token(d, v);
}

bool mw_changes_same(const mw_doc *a, mw_val va, const mw_doc *b, mw_val vb)
{
    mw_kind kind = mw_val_kind(a, va);
    size_t len = mw_val_len(a, va);

    if (mw_val_equal(a, va, b, vb))
        return true;
    if (kind != mw_val_kind(b, vb))
        return false;
    if (mw_val_token(a, va))
        return mw_str_eq(mw_val_token(a, va), mw_val_token(b, vb));
    if (kind == MW_KIND_UNKNOWN)
        return mw_changes_same(a, mw_val_cause(a, va), b, mw_val_cause(b, vb));
    if ((kind != MW_KIND_ARRAY && kind != MW_KIND_OBJECT) || len != mw_val_len(b, vb))
        return false;
    for (size_t i = 0; i < len; i++) {
        mw_val ka, kb, ma, mb;
        if (kind == MW_KIND_ARRAY) {
            ma = mw_val_at(a, va, i);
            mb = mw_val_at(b, vb, i);
        } else {
            ma = mw_val_member(a, va, i, &ka);
            mb = mw_val_member(b, vb, i, &kb);
            if (!mw_val_equal(a, ka, b, kb))
                return false;
        }
        if (!mw_changes_same(a, ma, b, mb))
            return false;
    }
    return true;
}

/* ---- telling one ---- */

static void tell_value(struct walk *w, const char *name, const mw_doc *d, mw_val v)
{
    MW_AUTO(mw_buf) text = {.max = (size_t)128 << 20};
    MW_AUTO(mw_buf) bytes = {.max = 64};
    size_t cut = MW_CHANGES_VALUE_MAX;

    if (v == MW_VAL_ABSENT)
        return;
    if (mw_json_write(&text, d, v, MW_JSON_COMPACT) != MW_OK) {
        mw_doc_builder_fail(w->out, text.failed, "a value is too large to be compared");
        return;
    }
    mw_doc_ckey(w->out, name);
    if (text.len <= cut) {
        mw_doc_add_copy(w->out, d, v);
        return;
    }
    while (cut > 0 && ((unsigned char)text.data[cut] & 0xC0) == 0x80)
        cut--;
    mw_doc_add_str(w->out, text.data, cut);
    mw_buf_printf(&bytes, "%s_bytes", name);
    mw_doc_member_int(w->out, bytes.data ? bytes.data : name, (int64_t)text.len);
}

/* Counted; false when no more are told. */
static bool begin(struct walk *w, bool unknown)
{
    size_t told = w->count->known + w->count->unknown;

    if (unknown)
        w->count->unknown++;
    else
        w->count->known++;
    if (told >= MW_CHANGES_MAX)
        return false;
    mw_doc_begin_object(w->out);
    mw_doc_member_str(w->out, "path", w->path.data ? w->path.data : "");
    if (unknown)
        mw_doc_member_bool(w->out, "unknown", true);
    return true;
}

static void tell(struct walk *w, mw_val va, mw_val vb, bool unknown)
{
    if (!begin(w, unknown))
        return;
    tell_value(w, "before", w->a, va);
    tell_value(w, "after", w->b, vb);
    mw_doc_end_object(w->out);
}

/* ---- paths ---- */

static void enter(struct walk *w, const char *key, size_t len)
{
    bool plain = len > 0;

    for (size_t i = 0; i < len && plain; i++)
        plain = (key[i] >= 'a' && key[i] <= 'z') || (key[i] >= 'A' && key[i] <= 'Z') ||
                (key[i] >= '0' && key[i] <= '9') || key[i] == '_' || key[i] == '-';
    if (plain) {
        if (w->path.len)
            mw_buf_putc(&w->path, '.');
        mw_buf_add(&w->path, key, len, NULL);
    } else {
        mw_buf_putc(&w->path, '[');
        mw_json_write_string(&w->path, key, len);
        mw_buf_putc(&w->path, ']');
    }
}

static void leave(struct walk *w, size_t len)
{
    if (w->path.data) {
        w->path.len = len;
        w->path.data[len] = '\0';
    }
}

/* ---- lists ---- */

static void walk(struct walk *w, mw_val va, mw_val vb);

static size_t only(const bool *matched, size_t n, size_t *first)
{
    size_t count = 0;

    for (size_t i = n; i-- > 0;)
        if (!matched[i]) {
            *first = i;
            count++;
        }
    return count;
}

static void tell_only(struct walk *w, const char *name, const mw_doc *d, mw_val list, const bool *matched)
{
    mw_doc_builder *b;
    mw_error err;

    if (mw_doc_builder_new(NULL, &b, &err) != MW_OK) {
        mw_doc_builder_fail(w->out, MW_ERR_NOMEM, "out of memory");
        return;
    }
    mw_doc_begin_array(b);
    for (size_t i = 0; i < mw_val_len(d, list); i++)
        if (!matched[i])
            mw_doc_add_copy(b, d, mw_val_at(d, list, i));
    mw_doc_end_array(b);
    tell_value(w, name, mw_doc_view(b), mw_doc_pop(b));
    mw_doc_builder_free(b);
}

static void walk_lists(struct walk *w, mw_val va, mw_val vb)
{
    bool in_a[BAG_MAX] = {false}, in_b[BAG_MAX] = {false};
    size_t n = mw_val_len(w->a, va), m = mw_val_len(w->b, vb), len = w->path.len;
    size_t first_a = 0, first_b = 0, only_a, only_b;

    if (n > BAG_MAX || m > BAG_MAX) {
        tell(w, va, vb, false);
        return;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m && !in_a[i]; k++) {
            size_t at = (i + k) % m;
            if (!in_b[at] && mw_changes_same(w->a, mw_val_at(w->a, va, i), w->b, mw_val_at(w->b, vb, at)))
                in_a[i] = in_b[at] = true;
        }
    only_a = only(in_a, n, &first_a);
    only_b = only(in_b, m, &first_b);
    if (only_a == 1 && only_b == 1) { /* the same element, most likely */
        mw_buf_printf(&w->path, "[%zu]", first_b);
        walk(w, mw_val_at(w->a, va, first_a), mw_val_at(w->b, vb, first_b));
    } else {
        mw_buf_puts(&w->path, "[]");
        if (begin(w, false)) {
            if (only_a == 0 && only_b == 0)
                mw_doc_member_bool(w->out, "reordered", true);
            if (only_a)
                tell_only(w, "before", w->a, va, in_a);
            if (only_b)
                tell_only(w, "after", w->b, vb, in_b);
            mw_doc_end_object(w->out);
        }
    }
    leave(w, len);
}

/* ---- objects ---- */

/* Did the snapshot ask for this member of the document? Of what it keeps no list, nobody can tell:
 * false. */
static bool asked(const mw_changes_side *side, const char *key, size_t len)
{
    if (!side->about)
        return false;
    for (size_t i = 0; i < mw_val_len(side->about, side->collected); i++) {
        const char *facet = mw_val_str(side->about, mw_val_at(side->about, side->collected, i), NULL);
        if (facet && strncmp(facet, key, len) == 0 && (facet[len] == '\0' || facet[len] == '.'))
            return true;
    }
    return false;
}

static int compare_keys(const struct walk *w, mw_val a, mw_val b)
{
    size_t la, lb;
    const char *ta = mw_val_str(w->a, a, &la), *tb = mw_val_str(w->b, b, &lb);
    int order;

    if (!ta || !tb)
        return ta ? -1 : tb ? 1 : 0;
    order = memcmp(ta, tb, la < lb ? la : lb);
    return order ? order : (la > lb) - (la < lb);
}

/* @p before and @p after for AWS's own members: they tell what was asked for. */
static void walk_objects(struct walk *w, mw_val va, mw_val vb, const mw_changes_side *before,
                         const mw_changes_side *after)
{
    size_t n = mw_val_len(w->a, va), m = mw_val_len(w->b, vb), i = 0, k = 0, len = w->path.len;

    while (i < n || k < m) {
        mw_val ka = MW_VAL_ABSENT, kb = MW_VAL_ABSENT, ma = MW_VAL_ABSENT, mb = MW_VAL_ABSENT;
        const char *key;
        size_t key_len;
        int order;
        if (i < n)
            ma = mw_val_member(w->a, va, i, &ka);
        if (k < m)
            mb = mw_val_member(w->b, vb, k, &kb);
        order = compare_keys(w, ka, kb);
        key = order <= 0 ? mw_val_str(w->a, ka, &key_len) : mw_val_str(w->b, kb, &key_len);
        i += order <= 0;
        k += order >= 0;
        enter(w, key, key_len);
        if (order == 0)
            walk(w, ma, mb);
        else if (order < 0)
            tell(w, ma, MW_VAL_ABSENT,
                 is_unknown(w->a, ma) || (before && asked(before, key, key_len) && !asked(after, key, key_len)));
        else
            tell(w, MW_VAL_ABSENT, mb,
                 is_unknown(w->b, mb) || (after && asked(after, key, key_len) && !asked(before, key, key_len)));
        leave(w, len);
    }
}

static void walk(struct walk *w, mw_val va, mw_val vb)
{
    mw_kind a = mw_val_kind(w->a, va), b = mw_val_kind(w->b, vb);

    if ((a == MW_KIND_ABSENT && b == MW_KIND_ABSENT) || mw_changes_same(w->a, va, w->b, vb))
        return;
    if (is_unknown(w->a, va) || is_unknown(w->b, vb))
        tell(w, va, vb, true);
    else if (a == MW_KIND_OBJECT && b == MW_KIND_OBJECT)
        walk_objects(w, va, vb, NULL, NULL);
    else if (a == MW_KIND_ARRAY && b == MW_KIND_ARRAY)
        walk_lists(w, va, vb);
    else
        tell(w, va, vb, false);
}

/* Moonward's own members, and AWS's in `doc`: both are named as rules name them. */
static void walk_envelope(struct walk *w, const mw_changes_side *before, const mw_changes_side *after)
{
    static const char *const members[] = {"arn", "created", "name", "tags"};
    mw_val a = mw_val_get(w->a, before->v, "doc"), b = mw_val_get(w->b, after->v, "doc");

    for (size_t i = 0; i < MW_COUNT(members); i++) {
        enter(w, members[i], strlen(members[i]));
        walk(w, mw_val_get(w->a, before->v, members[i]), mw_val_get(w->b, after->v, members[i]));
        leave(w, 0);
    }
    if (mw_val_kind(w->a, a) == MW_KIND_OBJECT && mw_val_kind(w->b, b) == MW_KIND_OBJECT)
        walk_objects(w, a, b, before, after);
    else
        walk(w, a, b);
}

void mw_changes_add(mw_doc_builder *b, const mw_changes_side *before, const mw_changes_side *after,
                    mw_changes_count *count)
{
    struct walk w = {.a = before->d, .b = after->d, .out = b, .path = {.max = 1 << 20}, .count = count};

    mw_doc_begin_array(b);
    walk_envelope(&w, before, after);
    mw_doc_end_array(b);
    if (w.path.failed != MW_OK)
        mw_doc_builder_fail(b, w.path.failed, "the path of a field is too long");
    mw_buf_clear(&w.path);
}

/* ---- text ---- */

static void value_text(mw_buf *out, const mw_doc *d, mw_val field, const char *name)
{
    MW_AUTO(mw_buf) value = {.max = (size_t)1 << 20};
    MW_AUTO(mw_buf) bytes = {.max = 64};
    mw_val v = mw_val_get(d, field, name);
    int64_t whole;

    if (v == MW_VAL_ABSENT) {
        mw_buf_puts(out, "(none)");
        return;
    }
    if (mw_val_token(d, v)) { /* an import's token may be anything */
        mw_buf_printf(&value, "withheld (%.8s)", mw_val_token(d, v));
        mw_term_inherit(out, &value);
        mw_term_text(out, value.data ? value.data : "");
        return;
    }
    mw_buf_printf(&bytes, "%s_bytes", name);
    whole = mw_val_get_int(d, field, bytes.data ? bytes.data : "", 0);
    mw_json_write(&value, d, v, MW_JSON_COMPACT);
    mw_term_inherit(out, &value);
    mw_term_text(out, whole ? mw_val_str(d, v, NULL) : value.data);
    if (whole)
        mw_buf_printf(out, "… (%lld bytes)", (long long)whole);
}

void mw_changes_text(mw_buf *out, const mw_doc *d, mw_val field)
{
    mw_term_text(out, mw_val_get_str(d, field, "path", ""));
    mw_buf_puts(out, ": ");
    if (mw_val_get_bool(d, field, "reordered", false)) {
        mw_buf_puts(out, "the same in another order");
        return;
    }
    if (mw_val_get_bool(d, field, "unknown", false))
        mw_buf_puts(out, "unknown on one side: ");
    value_text(out, d, field, "before");
    mw_buf_puts(out, " → ");
    value_text(out, d, field, "after");
}
