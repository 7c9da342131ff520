/*
 * The findings document and its parts. Members stand in the contract's order; findings and scopes each take a
 * line, so that a diff of two documents reads well. Nothing here depends on time or place.
 */
#include "report/report.h"

#include "base/str.h"
#include "report/value.h"

#include <string.h>

static const char *const severities[MW_SEVERITY_COUNT] = {"critical", "high", "medium", "low", "info"};

unsigned mw_severity_rank(const char *severity)
{
    unsigned i = 0;

    while (i < MW_SEVERITY_COUNT && !mw_str_eq(severity, severities[i]))
        i++;
    return i;
}

const char *mw_severity_name(unsigned rank)
{
    return rank < MW_SEVERITY_COUNT ? severities[rank] : NULL;
}

void mw_report_count(const mw_report *r, mw_report_counts *out)
{
    if (r->counts) {
        *out = *r->counts;
        return;
    }
    memset(out, 0, sizeof(*out));
    out->by_status[MW_VERDICT_PASS] = r->passed;
    for (size_t i = 0; i < r->count; i++) {
        const mw_finding *f = &r->findings[i];
        out->by_status[f->status]++;
        if (f->status == MW_VERDICT_UNKNOWN)
            out->unknown_by_class[mw_cause_classify_text(f->message)]++;
        if (f->status != MW_VERDICT_FAIL)
            continue;
        out->failing[mw_severity_rank(f->severity)]++;
        out->added += mw_str_eq(f->change, "new");
        out->open += mw_str_eq(f->change, "open");
        out->regressed += mw_str_eq(f->change, "regressed");
    }
    for (size_t i = 0; i < r->packed_count; i++)
        out->by_status[r->packed[i].status] += r->packed[i].count;
    for (size_t i = 0; r->coverage_doc && i < mw_val_len(r->coverage_doc, r->coverage); i++) {
        const char *state = mw_val_get_str(r->coverage_doc, mw_val_at(r->coverage_doc, r->coverage, i), "state", NULL);
        out->scopes += !mw_str_eq(state, MW_SCOPE_SKIPPED);
        out->scopes_complete += mw_str_eq(state, "complete");
    }
}

mw_status mw_report_tally(const mw_report *r, mw_tally *own, const mw_tally **out, mw_error *err)
{
    mw_status st = MW_OK;

    *out = r->tally ? r->tally : own;
    for (size_t i = 0; !r->tally && r->coverage_doc && i < mw_val_len(r->coverage_doc, r->coverage) && st == MW_OK; i++)
        st = mw_tally_add(own, r->coverage_doc, mw_val_at(r->coverage_doc, r->coverage, i), err);
    return st;
}

bool mw_report_complete(const mw_report_counts *c)
{
    return c->by_status[MW_VERDICT_UNKNOWN] == 0 && c->by_status[MW_VERDICT_ERROR] == 0 &&
           c->scopes_complete == c->scopes;
}

static void member(mw_buf *out, bool *first, const char *key, const char *value)
{
    mw_buf_printf(out, "%s\"%s\":", *first ? "" : ",", key);
    *first = false;
    if (value)
        mw_json_write_string(out, value, strlen(value));
    else
        mw_buf_puts(out, "null");
}

mw_status mw_report_summary_json(const mw_report *r, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_tally) own = {0};
    const mw_tally *tally;
    mw_report_counts c;
    mw_status st = mw_report_tally(r, &own, &tally, err);

    if (st != MW_OK)
        return st;
    mw_report_count(r, &c);
    mw_buf_puts(out, "{\"by_status\":{");
    for (unsigned v = 0; v <= MW_VERDICT_ERROR; v++)
        mw_buf_printf(out, "%s\"%s\":%zu", v ? "," : "", mw_verdict_name((mw_verdict)v), c.by_status[v]);
    mw_buf_puts(out, "},\"by_severity\":{");
    for (unsigned s = 0; s < MW_SEVERITY_COUNT; s++)
        mw_buf_printf(out, "%s\"%s\":%zu", s ? "," : "", severities[s], c.failing[s]);
    if (r->compared)
        mw_buf_printf(out, "},\"by_change\":{\"new\":%zu,\"open\":%zu,\"regressed\":%zu,\"fixed\":%zu}", c.added,
                      c.open, c.regressed, r->fixed);
    else
        mw_buf_puts(out, "},\"by_change\":null");
    mw_buf_puts(out, ",\"unknown_by_class\":");
    mw_tally_classes_json(c.unknown_by_class, out);
    mw_buf_puts(out, ",\"coverage\":");
    mw_tally_json(tally, out);
    mw_buf_putc(out, '}');
    return mw_buf_status(out, err);
}

void mw_report_json_head(const mw_report *r, mw_buf *out)
{
    bool first = true;

    mw_buf_puts(out, "{\"schema\":\"moonward.findings/1\",\n\"run\":{");
    member(out, &first, "id", r->run_id);
    member(out, &first, "started_at", r->started_at);
    member(out, &first, "finished_at", r->finished_at);
    member(out, &first, "engine", r->engine);
    member(out, &first, "rules_digest", r->rules_digest);
    member(out, &first, "snapshot", r->snapshot);
    member(out, &first, "findings_digest", r->findings_digest);
    mw_buf_puts(out, "},\n\"coverage\":[");
}

mw_status mw_report_json_middle(const mw_report *r, mw_buf *out, mw_error *err)
{
    mw_status st;

    mw_buf_puts(out, "],\n\"summary\":");
    if ((st = mw_report_summary_json(r, out, err)) != MW_OK)
        return st;
    mw_buf_puts(out, ",\n\"findings\":[");
    return mw_buf_status(out, err);
}

/* ---- the whole ---- */

#define PIECE     ((size_t)1 << 20)
#define PIECE_MAX ((size_t)256 << 20) /* with one finding more */

/* A document under way: from `start` on in `out`, which a sink empties now and then. */
struct writing {
    const mw_report *r;
    mw_buf *out;
    size_t start;
    const mw_report_sink *to; /* NULL: it stays in `out` */
};

/* A sink gets what is there, if it is at least that much. A piece ends between two lines. */
static mw_status pass_on(struct writing *w, size_t least, mw_error *err)
{
    mw_status st;

    if (!w->to || w->out->len < least)
        return MW_OK;
    mw_value_neutral(w->out, 0);
    if ((st = mw_buf_status(w->out, err)) == MW_OK && w->out->len)
        st = w->to->write(w->to->user, w->out->data, w->out->len, err);
    mw_buf_reset(w->out);
    return st;
}

/* All of it goes to the sink, or stays. */
static mw_status end(struct writing *w, mw_error *err)
{
    if (w->to)
        return pass_on(w, 0, err);
    mw_value_neutral(w->out, w->start);
    return mw_buf_status(w->out, err);
}

/* All findings; what stands before the first, before each other, behind each. */
static mw_status write_findings(struct writing *w, const char *before_first, const char *before, const char *behind,
                                mw_error *err)
{
    const mw_report *r = w->r;
    mw_findings_cursor c;
    const mw_finding *f;
    mw_status st;

    mw_findings_read(&c, r->findings, r->count, r->packed, r->packed_count);
    for (bool first = true; (f = mw_findings_next(&c)); first = false) {
        mw_buf_puts(w->out, first ? before_first : before);
        if ((st = mw_finding_json(f, w->out)) != MW_OK)
            return mw_fail(err, st, "report: finding of %s", f->rule);
        mw_buf_puts(w->out, behind);
        if ((st = pass_on(w, PIECE, err)) != MW_OK)
            return st;
    }
    return MW_OK;
}

static mw_status write_scopes(struct writing *w, mw_error *err)
{
    const mw_report *r = w->r;
    size_t scopes = r->coverage_doc ? mw_val_len(r->coverage_doc, r->coverage) : 0;
    mw_status st = MW_OK;

    for (size_t i = 0; i < scopes && st == MW_OK; i++) {
        mw_buf_puts(w->out, i ? MW_REPORT_BETWEEN : "\n");
        st = mw_json_write(w->out, r->coverage_doc, mw_val_at(r->coverage_doc, r->coverage, i), MW_JSON_COMPACT);
        if (st != MW_OK)
            return mw_buf_status(w->out, err) != MW_OK ? w->out->failed : mw_fail(err, st, "report: coverage");
        st = pass_on(w, PIECE, err);
    }
    return st;
}

static mw_status write_json(struct writing *w, mw_error *err)
{
    mw_status st;

    mw_report_json_head(w->r, w->out);
    if ((st = write_scopes(w, err)) != MW_OK || (st = mw_report_json_middle(w->r, w->out, err)) != MW_OK ||
        (st = write_findings(w, "\n", MW_REPORT_BETWEEN, "", err)) != MW_OK)
        return st;
    mw_buf_puts(w->out, MW_REPORT_TAIL);
    return end(w, err);
}

static mw_status write_jsonl(struct writing *w, mw_error *err)
{
    mw_status st = write_findings(w, "", "", "\n", err);

    return st == MW_OK ? end(w, err) : st;
}

mw_status mw_report_json(const mw_report *r, mw_buf *out, mw_error *err)
{
    struct writing w = {.r = r, .out = out, .start = out->len};

    return write_json(&w, err);
}

mw_status mw_report_jsonl(const mw_report *r, mw_buf *out, mw_error *err)
{
    struct writing w = {.r = r, .out = out, .start = out->len};

    return write_jsonl(&w, err);
}

mw_status mw_report_json_to(const mw_report *r, const mw_report_sink *to, mw_error *err)
{
    MW_AUTO(mw_buf) piece = {.max = PIECE_MAX};
    struct writing w = {.r = r, .out = &piece, .to = to};

    return write_json(&w, err);
}

mw_status mw_report_jsonl_to(const mw_report *r, const mw_report_sink *to, mw_error *err)
{
    MW_AUTO(mw_buf) piece = {.max = PIECE_MAX};
    struct writing w = {.r = r, .out = &piece, .to = to};

    return write_jsonl(&w, err);
}
