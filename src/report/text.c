/*
 * The report for people. First what fails, by severity and rule; then what could not be judged and why; then
 * coverage and counts, so that they stay on the screen; last what to do next. Long lists are cut and say
 * how to see the rest. Every name and message goes through report/term.h.
 */
#include "report/report.h"
#include "report/term.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_WIDTH    100
#define MIN_WIDTH        40
#define DEFAULT_LIST_MAX 20
#define NAME_COLUMNS_MAX 44
#define CAUSES_MAX       20
#define LEAST_MAX        5
#define CAUSE_MAX        200 /* bytes: some services answer with a page of HTML */

struct text {
    const mw_report *r;
    const mw_text_options *o;
    mw_buf *out;
    size_t width, list_max;
    bool many_accounts;
    mw_report_counts counts;
};

static void colored(struct text *t, mw_color color, const char *s)
{
    mw_term_color(t->out, t->o->color, color);
    mw_term_text(t->out, s);
    mw_term_reset(t->out, t->o->color);
}

static mw_color severity_color(unsigned rank)
{
    static const mw_color colors[] = {MW_COLOR_MAGENTA, MW_COLOR_RED, MW_COLOR_YELLOW, MW_COLOR_CYAN, MW_COLOR_DIM};
    return rank < MW_COUNT(colors) ? colors[rank] : MW_COLOR_NONE;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* What people call the resource: its name, else its id. */
static const char *label(const mw_finding *f)
{
    if (mw_str_eq(f->id, "*"))
        return "(all of the scope)";
    return f->name && *f->name ? f->name : f->id;
}

static void place(mw_buf *out, const mw_finding *f, bool many_accounts)
{
    if (many_accounts && f->account && *f->account) {
        mw_term_text(out, f->account);
        mw_buf_putc(out, ' ');
    }
    mw_term_text(out, f->region && *f->region ? f->region : "global");
}

static size_t columns_of(struct text *t, void (*write)(mw_buf *out, const mw_finding *f, bool many),
                         const mw_finding *f)
{
    MW_AUTO(mw_buf) b = {.max = 1 << 16};

    write(&b, f, t->many_accounts);
    mw_term_inherit(t->out, &b);
    return b.data ? mw_term_columns(b.data, b.len) : 0;
}

/* The name, with the id behind it when people may need it to find the resource. */
static void subject(mw_buf *out, const mw_finding *f, bool many)
{
    (void)many;
    mw_term_text(out, label(f));
    if (f->name && *f->name && !mw_str_eq(f->name, f->id) && !mw_str_eq(f->id, f->arn)) {
        mw_buf_puts(out, " (");
        mw_term_text(out, f->id);
        mw_buf_putc(out, ')');
    }
}

/* Padded, never cut: people copy names. */
static void padded(struct text *t, void (*write)(mw_buf *out, const mw_finding *f, bool many), const mw_finding *f,
                   size_t columns)
{
    MW_AUTO(mw_buf) b = {.max = 1 << 16};
    size_t taken;

    write(&b, f, t->many_accounts);
    mw_term_inherit(t->out, &b);
    taken = b.data ? mw_term_columns(b.data, b.len) : 0;
    mw_buf_add(t->out, b.data, b.len, NULL);
    if (taken < columns)
        mw_buf_printf(t->out, "%*s", (int)(columns - taken), "");
}

/* ---- failing ---- */

/* In a first run everything is new: saying so in each line would tell nothing. */
static void change_note(const struct text *t, mw_buf *b, const mw_finding *f)
{
    bool all_new = t->counts.added == t->counts.by_status[MW_VERDICT_FAIL];

    if ((mw_str_eq(f->change, "new") && !all_new) || mw_str_eq(f->change, "regressed"))
        mw_buf_printf(b, " (%s)", f->change);
    else if (mw_str_eq(f->change, "open") && f->first_seen)
        mw_buf_printf(b, " (since %.10s)", f->first_seen);
}

static void failing_line(struct text *t, const mw_finding *f, size_t name_columns, size_t place_columns)
{
    MW_AUTO(mw_buf) message = {.max = 1 << 20};
    size_t indent = 4 + name_columns + 2 + place_columns + 2;
    /* No room for a third column: the message has a line of its own. */
    bool own_line = columns_of(t, subject, f) > name_columns || indent + 24 > t->width;

    mw_buf_puts(t->out, "    ");
    padded(t, subject, f, name_columns);
    mw_buf_puts(t->out, "  ");
    padded(t, place, f, own_line ? 0 : place_columns);
    if (f->subkey && *f->subkey)
        mw_buf_printf(&message, "[%s] ", f->subkey);
    mw_buf_puts(&message, f->message ? f->message : "");
    change_note(t, &message, f);
    mw_term_inherit(t->out, &message);
    mw_buf_puts(t->out, own_line ? "\n      " : "  ");
    indent = own_line ? 6 : indent;
    mw_term_wrap(t->out, message.data, indent, indent, t->width);
    mw_buf_putc(t->out, '\n');
}

static void rule_head(struct text *t, const mw_finding *f, size_t failing)
{
    const char *title = t->o->title ? t->o->title(t->o->user, f->rule) : NULL;

    mw_buf_puts(t->out, "  ");
    colored(t, MW_COLOR_BOLD, f->rule);
    if (title && *title) {
        mw_buf_puts(t->out, ": ");
        mw_term_text(t->out, title);
    }
    mw_buf_printf(t->out, " (%zu failing)\n", failing);
}

static void more(struct text *t, size_t hidden, const char *rule)
{
    if (t->o->stored) {
        mw_buf_printf(t->out, "    … and %zu more (moonward findings list --rule ", hidden);
        mw_term_text(t->out, rule);
        mw_buf_puts(t->out, ")\n");
    } else {
        mw_buf_printf(t->out, "    … and %zu more (--output json shows all)\n", hidden);
    }
}

/* @p n findings of one rule, of any status. */
static void failing_rule(struct text *t, const mw_finding *f, size_t n)
{
    size_t name_columns = 8, place_columns = 6, shown = 0, failing = 0;

    for (size_t i = 0; i < n; i++) {
        size_t c;
        if (f[i].status != MW_VERDICT_FAIL || failing++ >= t->list_max)
            continue;
        if ((c = columns_of(t, subject, &f[i])) > name_columns)
            name_columns = c < NAME_COLUMNS_MAX ? c : NAME_COLUMNS_MAX;
        if ((c = columns_of(t, place, &f[i])) > place_columns)
            place_columns = c;
    }
    for (size_t i = 0; i < t->r->rule_count; i++) /* the list is a choice: these are all */
        if (mw_str_eq(t->r->rules[i].rule, f->rule))
            failing = t->r->rules[i].failing;
    rule_head(t, f, failing);
    for (size_t i = 0; i < n && shown < t->list_max; i++) {
        if (f[i].status != MW_VERDICT_FAIL)
            continue;
        failing_line(t, &f[i], name_columns, place_columns);
        shown++;
    }
    if (failing > shown)
        more(t, failing - shown, f->rule);
}

static void failing_part(struct text *t)
{
    const mw_report *r = t->r;

    for (unsigned rank = 0; rank <= MW_SEVERITY_COUNT; rank++) {
        const char *name = mw_severity_name(rank);
        char upper[16] = "OTHER";
        if (t->counts.failing[rank] == 0)
            continue;
        for (size_t i = 0; name && i < sizeof(upper); i++) {
            upper[i] = (char)(name[i] >= 'a' ? name[i] - 32 : name[i]);
            if (!name[i])
                break;
        }
        colored(t, severity_color(rank), upper);
        mw_buf_putc(t->out, '\n');
        for (size_t i = 0, n; i < r->count; i += n) {
            bool fails = false;
            for (n = 0; i + n < r->count && mw_str_eq(r->findings[i].rule, r->findings[i + n].rule); n++)
                fails = fails || (r->findings[i + n].status == MW_VERDICT_FAIL &&
                                  mw_severity_rank(r->findings[i + n].severity) == rank);
            if (fails)
                failing_rule(t, &r->findings[i], n);
        }
        mw_buf_putc(t->out, '\n');
    }
}

/* ---- unknown and error: grouped by their cause ---- */

/* "Versioning is unknown: s3:GetBucketVersioning: AccessDenied (User … on resource …)": the cause ends before
 * the parenthesis, in which each resource has words of its own. */
static size_t cause_len(const mw_finding *f)
{
    const char *end = f->message ? strstr(f->message, " (") : NULL;

    return end ? (size_t)(end - f->message) : f->message ? strlen(f->message) : 0;
}

static int compare_cause(const mw_finding *a, const mw_finding *b)
{
    size_t x = cause_len(a), y = cause_len(b), least = x < y ? x : y;
    int c = least ? memcmp(a->message, b->message, least) : 0;

    return c ? c : (x > y) - (x < y);
}

static int by_cause(const void *a, const void *b)
{
    const mw_finding *x = *(const mw_finding *const *)a, *y = *(const mw_finding *const *)b;
    int c = compare_cause(x, y);

    if (c == 0)
        c = strcmp(x->rule, y->rule);
    return c ? c : (x > y) - (x < y); /* within one array: its order */
}

/* The whole message when all of the group say the same, briefly; else what they have in common. */
static void cause_line(struct text *t, const mw_finding *const *all, size_t n)
{
    MW_AUTO(mw_buf) line = {.max = 1 << 20};
    const char *message = all[0]->message && *all[0]->message ? all[0]->message : "no cause given";
    bool same = true;

    for (size_t i = 1; i < n && same; i++)
        same = mw_str_eq(all[0]->message, all[i]->message);
    if (same && (strlen(message) <= CAUSE_MAX || cause_len(all[0]) == 0))
        mw_buf_puts(&line, message);
    else
        mw_buf_add(&line, message, cause_len(all[0]), NULL);
    mw_term_inherit(t->out, &line);
    mw_buf_puts(t->out, "  ");
    mw_term_wrap(t->out, line.data, 2, 4, t->width);
    mw_buf_putc(t->out, '\n');
}

/* "rule-a (3), rule-b": which rules are concerned. */
static void rules_of(struct text *t, const mw_finding *const *all, size_t n)
{
    MW_AUTO(mw_buf) line = {.max = 1 << 20};

    for (size_t i = 0, same; i < n; i += same) {
        for (same = 0; i + same < n && mw_str_eq(all[i]->rule, all[i + same]->rule); same++)
            ;
        mw_buf_printf(&line, "%s%s", i ? ", " : "", all[i]->rule);
        if (same > 1)
            mw_buf_printf(&line, " (%zu)", same);
    }
    mw_term_inherit(t->out, &line);
    mw_buf_puts(t->out, "      ");
    mw_term_wrap(t->out, line.data, 6, 6, t->width);
    mw_buf_putc(t->out, '\n');
}

static mw_status grouped_part(struct text *t, mw_verdict status, const char *title, mw_color color, mw_error *err)
{
    size_t n = 0, groups = 0, total = t->counts.by_status[status], hidden = 0;
    const mw_finding **all;

    if (total == 0)
        return MW_OK;
    all = mw_alloc((t->r->count + 1) * sizeof(const mw_finding *));
    if (!all)
        return mw_fail(err, MW_ERR_NOMEM, "report: out of memory");
    for (size_t i = 0; i < t->r->count && n < total; i++)
        if (t->r->findings[i].status == status)
            all[n++] = &t->r->findings[i];
    qsort(all, n, sizeof(const mw_finding *), by_cause);
    mw_term_color(t->out, t->o->color, color);
    mw_buf_printf(t->out, "%s (%zu finding%s)", title, total, plural(total));
    mw_term_reset(t->out, t->o->color);
    mw_buf_putc(t->out, '\n');
    hidden = total - n;
    for (size_t i = 0, same; i < n; i += same) {
        for (same = 0; i + same < n && compare_cause(all[i], all[i + same]) == 0; same++)
            ;
        if (groups++ >= CAUSES_MAX) {
            hidden += same;
            continue;
        }
        cause_line(t, all + i, same);
        rules_of(t, all + i, same);
    }
    if (hidden && t->o->stored)
        mw_buf_printf(t->out, "  … and %zu more (moonward findings list --status %s)\n", hidden,
                      mw_verdict_name(status));
    else if (hidden)
        mw_buf_printf(t->out, "  … and %zu more (--output json shows all)\n", hidden);
    mw_buf_putc(t->out, '\n');
    mw_free(all);
    return MW_OK;
}

/* ---- coverage ---- */

static bool same_member(const mw_doc *d, mw_val a, mw_val b, const char *key)
{
    return mw_str_eq(mw_val_get_str(d, a, key, NULL), mw_val_get_str(d, b, key, NULL));
}

/* Do two scopes tell the same story, in different places? */
static bool same_story(const mw_doc *d, mw_val a, mw_val b)
{
    mw_val x = mw_val_get(d, a, "cause"), y = mw_val_get(d, b, "cause");

    return same_member(d, a, b, "account") && same_member(d, a, b, "type") && same_member(d, a, b, "facet") &&
           same_member(d, a, b, "state") && same_member(d, x, y, "operation") && same_member(d, x, y, "code") &&
           mw_cause_classify_val(d, x) == mw_cause_classify_val(d, y);
}

static bool is_incomplete(const mw_doc *d, mw_val scope)
{
    const char *state = mw_val_get_str(d, scope, "state", NULL);

    return !mw_str_eq(state, "complete") && !mw_str_eq(state, MW_SCOPE_SKIPPED);
}

static void scope_line(struct text *t, size_t first)
{
    MW_AUTO(mw_buf) line = {.max = 1 << 20};
    const mw_doc *d = t->r->coverage_doc;
    mw_val scope = mw_val_at(d, t->r->coverage, first), cause = mw_val_get(d, scope, "cause");
    const char *facet = mw_val_get_str(d, scope, "facet", NULL);
    const char *operation = mw_val_get_str(d, cause, "operation", NULL);
    const char *code = mw_val_get_str(d, cause, "code", NULL);
    const char *message = mw_val_get_str(d, cause, "message", NULL);
    size_t places = 0, n = mw_val_len(d, t->r->coverage);

    mw_buf_printf(&line, "%s%s%s: %s in ", mw_val_get_str(d, scope, "type", ""), facet ? " " : "", facet ? facet : "",
                  mw_val_get_str(d, scope, "state", ""));
    if (t->many_accounts)
        mw_buf_printf(&line, "%s ", mw_val_get_str(d, scope, "account", ""));
    for (size_t i = first; i < n; i++) {
        mw_val other = mw_val_at(d, t->r->coverage, i);
        if (!same_story(d, scope, other))
            continue;
        if (places++ < 5)
            mw_buf_printf(&line, "%s%s", places > 1 ? ", " : "", mw_val_get_str(d, other, "region", ""));
    }
    if (places > 5)
        mw_buf_printf(&line, " and %zu more", places - 5);
    if (operation || code)
        mw_buf_printf(&line, ": %s%s%s", operation ? operation : "", operation && code ? " " : "", code ? code : "");
    else if (message)
        mw_buf_printf(&line, ": %s", message);
    if (mw_cause_classify_val(d, cause) != MW_CAUSE_OTHER)
        mw_buf_printf(&line, " [%s]", mw_cause_class_name(mw_cause_classify_val(d, cause)));
    mw_term_inherit(t->out, &line);
    mw_buf_puts(t->out, "  ");
    mw_term_wrap(t->out, line.data, 2, 6, t->width);
    mw_buf_putc(t->out, '\n');
}

/* Regions that are not enabled have nothing to look at: told once, with their names. */
static void skipped_line(struct text *t)
{
    MW_AUTO(mw_buf) line = {.max = 1 << 20};
    const mw_doc *d = t->r->coverage_doc;
    size_t n = 0;

    for (size_t i = 0; d && i < mw_val_len(d, t->r->coverage); i++) {
        mw_val scope = mw_val_at(d, t->r->coverage, i);
        if (!mw_str_eq(mw_val_get_str(d, scope, "state", NULL), MW_SCOPE_SKIPPED))
            continue;
        mw_buf_printf(&line, "%s", n++ ? ", " : "not enabled, so skipped: ");
        if (t->many_accounts)
            mw_buf_printf(&line, "%s ", mw_val_get_str(d, scope, "account", ""));
        mw_buf_puts(&line, mw_val_get_str(d, scope, "region", ""));
    }
    if (n == 0)
        return;
    mw_term_inherit(t->out, &line);
    mw_buf_puts(t->out, "  ");
    mw_term_wrap(t->out, line.data, 2, 6, t->width);
    mw_buf_putc(t->out, '\n');
}

/* The least complete accounts or types, when there is more than one to tell apart. */
static void least_complete(struct text *t, const char *what, const mw_tally_rows *rows)
{
    MW_AUTO(mw_buf) line = {.max = 1 << 20};
    size_t shown = 0;

    for (unsigned below = 0; below < 1000 && shown < LEAST_MAX; below += 50)
        for (size_t i = 0; i < rows->count && shown < LEAST_MAX; i++) {
            const mw_tally_row *r = &rows->items[i];
            unsigned permille = mw_tally_permille(r->complete, r->scopes);
            if (permille < below || permille >= below + 50 || permille == 1000)
                continue;
            mw_buf_printf(&line, "%s%s %u.%u %%", shown++ ? ", " : "", r->key, permille / 10, permille % 10);
        }
    if (shown == 0 || rows->count < 2)
        return;
    mw_term_inherit(t->out, &line);
    mw_buf_printf(t->out, "  least complete %s: ", what);
    mw_term_wrap(t->out, line.data, 18 + strlen(what), 6, t->width);
    mw_buf_putc(t->out, '\n');
}

static void coverage_head(struct text *t, const mw_tally *y)
{
    MW_AUTO(mw_buf) classes = {.max = 1 << 16};
    unsigned permille = mw_tally_permille(y->complete, y->scopes);

    colored(t, MW_COLOR_BOLD, "Coverage");
    mw_buf_puts(t->out, ": ");
    if (y->complete == y->scopes)
        mw_buf_printf(t->out, "complete, %zu of %zu scope%s", y->scopes, y->scopes, plural(y->scopes));
    else
        mw_buf_printf(t->out, "%u.%u %%, %zu of %zu scopes complete", permille / 10, permille % 10, y->complete,
                      y->scopes);
    if (y->cached)
        mw_buf_printf(t->out, ", %zu from the store", y->cached);
    mw_tally_classes_text(y->by_class, &classes);
    mw_term_inherit(t->out, &classes);
    mw_buf_printf(t->out, "%s%s%s\n", classes.len ? "; incomplete: " : "", classes.len ? classes.data : "",
                  classes.len ? ":" : "");
}

static mw_status coverage_part(struct text *t, mw_error *err)
{
    MW_AUTO(mw_tally) own = {0};
    const mw_tally *y;
    const mw_doc *d = t->r->coverage_doc;
    size_t listed = d ? mw_val_len(d, t->r->coverage) : 0, shown = 0;
    mw_status st = mw_report_tally(t->r, &own, &y, err);

    if (st != MW_OK)
        return st;
    coverage_head(t, y);
    for (size_t i = 0; i < listed; i++) {
        mw_val scope = mw_val_at(d, t->r->coverage, i);
        bool told = false;
        if (!is_incomplete(d, scope))
            continue;
        for (size_t k = 0; k < i && !told; k++)
            told = same_story(d, mw_val_at(d, t->r->coverage, k), scope);
        if (told)
            continue;
        if (shown++ == CAUSES_MAX) {
            mw_buf_puts(t->out, "  … and more (--output json shows all)\n");
            break;
        }
        scope_line(t, i);
    }
    least_complete(t, "accounts", &y->accounts);
    least_complete(t, "types", &y->types);
    skipped_line(t);
    return MW_OK;
}

/* ---- counts and what to do next ---- */

static void counts_part(struct text *t)
{
    MW_AUTO(mw_buf) unknown = {.max = 1 << 16};
    const mw_report_counts *c = &t->counts;
    const char *between = "";

    colored(t, MW_COLOR_BOLD, "Results");
    mw_buf_printf(t->out, ":  %zu fail, %zu pass, %zu not applicable, %zu unknown, %zu error\n",
                  c->by_status[MW_VERDICT_FAIL], c->by_status[MW_VERDICT_PASS], c->by_status[MW_VERDICT_NOT_APPLICABLE],
                  c->by_status[MW_VERDICT_UNKNOWN], c->by_status[MW_VERDICT_ERROR]);
    mw_tally_classes_text(c->unknown_by_class, &unknown);
    mw_term_inherit(t->out, &unknown);
    if (unknown.len) {
        colored(t, MW_COLOR_BOLD, "Unknown");
        mw_buf_printf(t->out, ":  %s\n", unknown.data);
    }
    if (c->by_status[MW_VERDICT_FAIL]) {
        colored(t, MW_COLOR_BOLD, "Failing");
        mw_buf_puts(t->out, ":  ");
        for (unsigned s = 0; s <= MW_SEVERITY_COUNT; s++) {
            if (!c->failing[s])
                continue;
            mw_buf_printf(t->out, "%s%zu %s", between, c->failing[s],
                          mw_severity_name(s) ? mw_severity_name(s) : "other");
            between = ", ";
        }
        mw_buf_putc(t->out, '\n');
    }
    if (t->r->compared) {
        colored(t, MW_COLOR_BOLD, "Changes");
        mw_buf_printf(t->out, ":  %zu new, %zu regressed, %zu fixed, %zu still open\n", c->added, c->regressed,
                      t->r->fixed, c->open);
    }
    colored(t, MW_COLOR_BOLD, "Run");
    mw_buf_puts(t->out, ":      ");
    mw_term_text(t->out, t->r->run_id);
    mw_buf_puts(t->out, ", ");
    mw_term_text(t->out, t->r->started_at);
    if (!t->o->stored)
        mw_buf_puts(t->out, ", not stored");
    mw_buf_putc(t->out, '\n');
}

/* The action that AWS says is missing ("… is not authorized to perform: s3:ListAllMyBuckets on …"); it is not always named
 * like the operation. */
static mw_str denied_action(const mw_doc *d, mw_val cause)
{
    static const char before[] = "to perform: ";
    const char *at = strstr(mw_val_get_str(d, cause, "message", ""), before);
    size_t len;

    if (at) {
        at += sizeof(before) - 1;
        len = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:");
        if (len && memchr(at, ':', len) && at[len - 1] != ':')
            return (mw_str){at, len};
    }
    return mw_str_of(mw_val_get_str(d, cause, "operation", NULL));
}

/* Is @p item one of the comma-separated @p list? */
static bool listed(const mw_buf *list, mw_str item)
{
    for (const char *at = list->data; at && (at = strstr(at, ", ")) != NULL;) {
        at += 2;
        if (strncmp(at, item.data, item.len) == 0 && (at[item.len] == ',' || at[item.len] == '\0'))
            return true;
    }
    return false;
}

/* Each denied action once, in the order of the ledger: ", a, b". */
static void denied_actions(const struct text *t, mw_buf *out)
{
    const mw_doc *d = t->r->coverage_doc;

    for (size_t i = 0; i < mw_val_len(d, t->r->coverage); i++) {
        mw_val cause = mw_val_get(d, mw_val_at(d, t->r->coverage, i), "cause");
        mw_str action = denied_action(d, cause);
        if (action.data && mw_cause_is_denial(mw_cause_classify_val(d, cause)) && !listed(out, action))
            mw_buf_printf(out, ", %.*s", (int)action.len, action.data);
    }
}

/* Print one step, and empty the buffer for the next. */
static void next_step(struct text *t, mw_buf *step)
{
    mw_term_inherit(t->out, step);
    mw_buf_puts(t->out, "  ");
    mw_term_wrap(t->out, step->data, 2, 6, t->width);
    mw_buf_putc(t->out, '\n');
    mw_buf_reset(step);
}

static const mw_finding *worst(const struct text *t)
{
    const mw_finding *found = NULL;

    for (size_t i = 0; i < t->r->count; i++) {
        const mw_finding *f = &t->r->findings[i];
        if (f->status == MW_VERDICT_FAIL &&
            (!found || mw_severity_rank(f->severity) < mw_severity_rank(found->severity)))
            found = f;
    }
    return found;
}

static void next_part(struct text *t)
{
    MW_AUTO(mw_buf) line = {.max = 1 << 20};
    MW_AUTO(mw_buf) denied = {.max = 1 << 20};
    const mw_finding *f = worst(t);
    bool complete = mw_report_complete(&t->counts);

    if (!f && complete)
        return;
    mw_buf_putc(t->out, '\n');
    colored(t, MW_COLOR_BOLD, "Next");
    mw_buf_puts(t->out, ":\n");
    if (f) {
        mw_buf_printf(&line, "moonward rules show %s   what it wants and why", f->rule);
        next_step(t, &line);
    }
    if (f && t->o->stored) {
        mw_buf_printf(&line, "moonward findings show %.12s   the evidence of %s", f->fingerprint, label(f));
        next_step(t, &line);
    }
    denied_actions(t, &denied);
    mw_term_inherit(t->out, &denied);
    if (denied.len > 2) {
        mw_buf_printf(&line,
                      "Permission is missing for %s: grant it to the role that Moonward uses, then sweep "
                      "again",
                      denied.data + 2);
        next_step(t, &line);
    } else if (t->counts.by_status[MW_VERDICT_UNKNOWN] || t->counts.scopes_complete < t->counts.scopes) {
        mw_buf_puts(&line, "What is unknown was not judged: see the causes above, then sweep again");
        next_step(t, &line);
    }
    if (t->counts.by_status[MW_VERDICT_ERROR]) {
        mw_buf_puts(&line, "moonward test   a rule failed: its tests may tell");
        next_step(t, &line);
    }
}

static bool is_another(const char **first, const char *account)
{
    if (!*first)
        *first = account;
    return !mw_str_eq(*first, account);
}

static bool has_many_accounts(const mw_report *r)
{
    const char *first = NULL;

    for (size_t i = 0; i < r->count; i++)
        if (is_another(&first, r->findings[i].account))
            return true;
    for (size_t i = 0; i < r->packed_count; i++) { /* subjects are by account, and a rule judges all of them */
        const mw_packed *p = &r->packed[i];
        if (is_another(&first, p->subjects[0].account) || is_another(&first, p->subjects[p->subject_count - 1].account))
            return true;
    }
    return false;
}

static void text_start(struct text *t, const mw_report *r, const mw_text_options *o, mw_buf *out)
{
    *t = (struct text){.r = r, .o = o, .out = out};
    t->width = o->width ? o->width : DEFAULT_WIDTH;
    if (t->width < MIN_WIDTH)
        t->width = MIN_WIDTH;
    t->list_max = o->list_max ? o->list_max : DEFAULT_LIST_MAX;
    t->many_accounts = has_many_accounts(r);
    mw_report_count(r, &t->counts);
}

mw_status mw_report_text(const mw_report *r, const mw_text_options *o, mw_buf *out, mw_error *err)
{
    struct text t;
    mw_status st;

    text_start(&t, r, o, out);
    failing_part(&t);
    if ((st = grouped_part(&t, MW_VERDICT_UNKNOWN, "UNKNOWN: could not be read, so not judged", MW_COLOR_YELLOW,
                           err)) != MW_OK ||
        (st = grouped_part(&t, MW_VERDICT_ERROR, "ERROR: a rule failed", MW_COLOR_RED, err)) != MW_OK)
        return st;
    if ((st = coverage_part(&t, err)) != MW_OK)
        return st;
    counts_part(&t);
    next_part(&t);
    return mw_buf_status(out, err);
}

mw_status mw_report_table(const mw_finding *findings, size_t count, const mw_text_options *o, mw_buf *out,
                          mw_error *err)
{
    const mw_report r = {.findings = findings, .count = count};
    size_t name_columns = 8, place_columns = 6, rule_columns = 4;
    struct text t;

    text_start(&t, &r, o, out);
    for (size_t i = 0; i < count; i++) {
        size_t c;
        if ((c = columns_of(&t, subject, &findings[i])) > name_columns)
            name_columns = c < NAME_COLUMNS_MAX ? c : NAME_COLUMNS_MAX;
        if ((c = columns_of(&t, place, &findings[i])) > place_columns)
            place_columns = c;
        if ((c = mw_term_columns(findings[i].rule, strlen(findings[i].rule))) > rule_columns)
            rule_columns = c;
    }
    for (size_t i = 0; i < count; i++) {
        const mw_finding *f = &findings[i];
        mw_buf_printf(out, "%.12s  %-14s  %-8s  ", f->fingerprint, mw_verdict_name(f->status),
                      f->severity ? f->severity : "");
        mw_term_cell(out, f->rule, rule_columns);
        mw_buf_puts(out, "  ");
        padded(&t, place, f, place_columns);
        mw_buf_puts(out, "  ");
        padded(&t, subject, f, f->message && *f->message ? name_columns : 0);
        if (f->message && *f->message)
            mw_buf_puts(out, "  ");
        mw_term_text(out, f->message);
        mw_buf_putc(out, '\n');
    }
    return mw_buf_status(out, err);
}
