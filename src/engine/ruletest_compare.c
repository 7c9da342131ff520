/*
 * What a fixture expects beside what the rule said. An unexpected unknown is a failure like any other: a
 * test that could not tell has not passed.
 */
#include "engine/ruletest_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define FOUND_SHOWN 8
#define DIFF_MAX    ((size_t)16 << 10)

/* ---- one line ---- */

static void describe_found(const mw_fixture *f, mw_buf *out)
{
    if (f->found.count == 0)
        mw_buf_puts(out, "nothing");
    for (size_t i = 0; i < f->found.count && i < FOUND_SHOWN; i++) {
        const mw_finding *x = &f->found.items[i];
        mw_buf_printf(out, "%s%s%s%s%s", i ? ", " : "", mw_verdict_name(x->status), x->subkey ? " (" : "",
                      x->subkey ? x->subkey : "", x->subkey ? ")" : "");
        if (x->message)
            mw_buf_printf(out, ": %s", x->message);
    }
    if (f->found.count > FOUND_SHOWN)
        mw_buf_printf(out, " and %zu more", f->found.count - FOUND_SHOWN);
}

/* ---- lines ---- */

/* One line, whatever is in the text. */
static void line(mw_buf *out, char sign, const char *what, const char *text)
{
    size_t from;

    mw_buf_printf(out, "%s%c %s: ", out->len ? "\n" : "", sign, what);
    from = out->len;
    mw_buf_puts(out, text);
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
}

static bool lines(mw_buf *out, const char *what, const char *expected, const char *found)
{
    if (mw_str_eq(expected, found)) {
        line(out, ' ', what, found);
        return true;
    }
    if (expected)
        line(out, '-', what, expected);
    if (found)
        line(out, '+', what, found);
    return false;
}

static mw_val expected_at(const mw_doc *d, mw_val list, size_t i)
{
    if (mw_val_kind(d, list) == MW_KIND_ARRAY)
        return i < mw_val_len(d, list) ? mw_val_at(d, list, i) : MW_VAL_ABSENT;
    return i == 0 ? list : MW_VAL_ABSENT;
}

static bool compare_verdicts(const mw_doc *d, const mw_fixture *f, mw_buf *diff)
{
    mw_val expect = mw_val_get(d, f->value, "expect");
    size_t n = mw_val_kind(d, expect) == MW_KIND_ARRAY ? mw_val_len(d, expect) : 1;
    bool same = true;

    for (size_t i = 0; i < n || i < f->found.count; i++)
        same = lines(diff, "verdict", mw_val_str(d, expected_at(d, expect, i), NULL),
                     i < f->found.count ? mw_verdict_name(f->found.items[i].status) : NULL) &&
               same;
    return same;
}

static bool compare_subkeys(const mw_doc *d, const mw_fixture *f, mw_buf *diff)
{
    mw_val want = mw_val_get(d, f->value, "subkeys");
    size_t n = mw_val_len(d, want);
    bool same = true;

    if (want == MW_VAL_ABSENT)
        return true;
    for (size_t i = 0; i < n || i < f->found.count; i++) {
        const char *found = i < f->found.count ? f->found.items[i].subkey : NULL;
        same = lines(diff, "subkey", i < n ? mw_val_str(d, mw_val_at(d, want, i), NULL) : NULL,
                     i < f->found.count && !found ? "(none)" : found) &&
               same;
    }
    return same;
}

static bool compare_message(const mw_doc *d, const mw_fixture *f, mw_buf *diff)
{
    const char *want = mw_val_get_str(d, f->value, "message", NULL);
    bool same = !want;

    for (size_t i = 0; i < f->found.count && !same; i++)
        same = f->found.items[i].message && strstr(f->found.items[i].message, want);
    if (!same)
        line(diff, '-', "message with", want);
    for (size_t i = 0; i < f->found.count && i < FOUND_SHOWN; i++)
        if (f->found.items[i].message)
            line(diff, same ? ' ' : '+', "message", f->found.items[i].message);
    return same;
}

/* The value that the evidence of any finding has at a path, as JSON; NULL when none was read there. */
static const char *evidence_at(mw_ruletest *r, const mw_fixture *f, const char *path, mw_buf *out)
{
    for (size_t i = 0; i < f->found.count; i++) {
        const char *text = f->found.items[i].evidence;
        const mw_doc *d = mw_doc_view(r->scratch);
        mw_val list;
        mw_doc_builder_reset(r->scratch);
        if (!text || mw_json_read(r->scratch, text, strlen(text), NULL, NULL, NULL) != MW_OK)
            continue;
        list = mw_doc_pop(r->scratch);
        for (size_t k = 0; k < mw_val_len(d, list); k++) {
            mw_val entry = mw_val_at(d, list, k);
            if (!mw_str_eq(mw_val_get_str(d, entry, "path", NULL), path))
                continue;
            mw_buf_reset(out);
            mw_json_write(out, d, mw_val_get(d, entry, "value"), MW_JSON_COMPACT);
            return out->data;
        }
    }
    return NULL;
}

static bool compare_evidence(mw_ruletest *r, const mw_fixture *f, mw_buf *diff)
{
    mw_val want = mw_val_get(r->d, f->value, "evidence");
    MW_AUTO(mw_buf) mine = {.max = DIFF_MAX};
    MW_AUTO(mw_buf) found = {.max = DIFF_MAX};
    bool same = true;

    for (size_t i = 0; i < mw_val_len(r->d, want); i++) {
        mw_val key, v = mw_val_member(r->d, want, i, &key);
        const char *path = mw_val_str(r->d, key, NULL), *value = evidence_at(r, f, path, &found);
        MW_AUTO(mw_buf) what = {.max = 1024};
        mw_buf_join(&what, "evidence ", path, NULL);
        mw_buf_reset(&mine);
        mw_json_write(&mine, r->d, v, MW_JSON_COMPACT);
        same = lines(diff, what.data ? what.data : "evidence", mine.data, value ? value : "(not read)") && same;
    }
    return same;
}

/* ---- the result ---- */

static void say_expected(mw_ruletest *r, mw_buf *text, mw_val v)
{
    if (mw_val_str(r->d, v, NULL))
        mw_buf_puts(text, mw_val_str(r->d, v, NULL));
    else
        mw_json_write(text, r->d, v, MW_JSON_COMPACT);
}

static const char *keep(mw_ruletest *r, const mw_buf *text)
{
    const char *copy = text->len ? mw_arena_strndup(&r->out->arena, text->data, text->len) : NULL;

    return copy || !text->len ? copy : "out of memory for this message";
}

void mw__fixture_compare(mw_ruletest *r, const mw_fixture *f, mw_ruletest_result *t)
{
    MW_AUTO(mw_buf) diff = {.max = DIFF_MAX};
    MW_AUTO(mw_buf) text = {.max = DIFF_MAX};
    bool verdicts = compare_verdicts(r->d, f, &diff), subkeys = compare_subkeys(r->d, f, &diff);
    bool message = compare_message(r->d, f, &diff), evidence = compare_evidence(r, f, &diff);

    if (verdicts && subkeys && message && evidence)
        return;
    mw_buf_puts(&text, "expected ");
    if (!verdicts) {
        say_expected(r, &text, mw_val_get(r->d, f->value, "expect"));
    } else if (!message) {
        mw_buf_printf(&text, "a message with '%s'", mw_val_get_str(r->d, f->value, "message", ""));
    } else if (!subkeys) {
        mw_buf_puts(&text, "the subkeys ");
        say_expected(r, &text, mw_val_get(r->d, f->value, "subkeys"));
    } else {
        mw_buf_puts(&text, "the evidence ");
        say_expected(r, &text, mw_val_get(r->d, f->value, "evidence"));
    }
    mw_buf_puts(&text, ", found ");
    describe_found(f, &text);
    t->outcome = MW_RULETEST_FAILED;
    for (size_t i = 0; i < f->found.count && !verdicts; i++)
        if (f->found.items[i].status == MW_VERDICT_ERROR)
            t->outcome = MW_RULETEST_ERROR;
    t->detail = keep(r, &text);
    t->diff = keep(r, &diff);
    t->traceback = t->outcome == MW_RULETEST_ERROR ? f->traceback : NULL;
}
