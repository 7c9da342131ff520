/*
 * Pages about rules. What a page says is written once, over a style that knows how headings, texts, links and code
 * look in a format. Every text of a rule passes the style's escape, so that none can end an element, make a link or
 * reorder a line.
 */
#include "report/reference.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "report/term.h"

#include <stdlib.h>
#include <string.h>

#define EXAMPLES_MAX 12

struct style {
    const char *extension;
    void (*begin)(mw_buf *out, const char *title);
    void (*text)(mw_buf *out, const char *s); /* escaped */
    void (*heading)(mw_buf *out, int level, const char *s);
    void (*code)(mw_buf *out, const char *s); /* in a line */
    void (*block)(mw_buf *out, const char *s);
    void (*link)(mw_buf *out, const char *href, const char *s);
    const char *paragraph[2], *list[2], *item[2], *end;
};

/* ---- Markdown (CommonMark) ---- */

/* In one line, then everything that could mean something is escaped. */
static void markdown_text(mw_buf *out, const char *s)
{
    MW_AUTO(mw_buf) line = {.max = (size_t)1 << 20};

    mw_term_text(&line, s);
    mw_term_inherit(out, &line);
    for (const char *p = line.data ? line.data : ""; *p; p++) {
        if (strchr("\\`*_{}[]<>#|&!~", *p))
            mw_buf_putc(out, '\\');
        mw_buf_putc(out, *p);
    }
}

/* A fence longer than any run of backticks inside. */
static size_t fence(const char *s, size_t least)
{
    size_t longest = 0;

    for (const char *p = s; *p;) {
        size_t n = strspn(p, "`");
        longest = n > longest ? n : longest;
        p += n ? n : 1;
    }
    return longest + 1 > least ? longest + 1 : least;
}

static void markdown_code(mw_buf *out, const char *s)
{
    MW_AUTO(mw_buf) line = {.max = (size_t)1 << 20};
    size_t n = fence(s, 1);
    bool pad = *s == '`' || (*s && s[strlen(s) - 1] == '`');

    mw_term_text(&line, s);
    mw_term_inherit(out, &line);
    for (size_t i = 0; i < n; i++)
        mw_buf_putc(out, '`');
    mw_buf_printf(out, "%s%s%s", pad ? " " : "", line.data ? line.data : "", pad ? " " : "");
    for (size_t i = 0; i < n; i++)
        mw_buf_putc(out, '`');
}

static void markdown_block(mw_buf *out, const char *s)
{
    size_t n = fence(s, 3);

    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++)
            mw_buf_putc(out, '`');
        mw_buf_putc(out, '\n');
        if (side == 0) {
            mw_term_bytes(out, s, strlen(s), true);
            mw_buf_putc(out, '\n');
        }
    }
    mw_buf_putc(out, '\n');
}

static void markdown_heading(mw_buf *out, int level, const char *s)
{
    mw_buf_printf(out, "%.*s ", level, "####");
    markdown_text(out, s);
    mw_buf_puts(out, "\n\n");
}

static void markdown_begin(mw_buf *out, const char *title)
{
    markdown_heading(out, 1, title);
}

static void markdown_link(mw_buf *out, const char *href, const char *s)
{
    mw_buf_putc(out, '[');
    markdown_text(out, s);
    mw_buf_puts(out, "](<");
    for (const char *p = href; *p; p++)
        if (!strchr("<>\\\n\r ", *p) && (unsigned char)*p > 0x20)
            mw_buf_putc(out, *p);
    mw_buf_puts(out, ">)");
}

/* ---- HTML ---- */

static void html_bytes(mw_buf *out, const char *s)
{
    for (const char *p = s; *p; p++) {
        switch (*p) {
        case '&': mw_buf_puts(out, "&amp;"); break;
        case '<': mw_buf_puts(out, "&lt;"); break;
        case '>': mw_buf_puts(out, "&gt;"); break;
        case '"': mw_buf_puts(out, "&quot;"); break;
        case '\'': mw_buf_puts(out, "&#39;"); break;
        default: mw_buf_putc(out, *p);
        }
    }
}

static void html_text(mw_buf *out, const char *s)
{
    MW_AUTO(mw_buf) line = {.max = (size_t)1 << 20};

    mw_term_text(&line, s);
    mw_term_inherit(out, &line);
    html_bytes(out, line.data ? line.data : "");
}

static void html_code(mw_buf *out, const char *s)
{
    mw_buf_puts(out, "<code>");
    html_text(out, s);
    mw_buf_puts(out, "</code>");
}

static void html_block(mw_buf *out, const char *s)
{
    MW_AUTO(mw_buf) text = {.max = (size_t)4 << 20};

    mw_term_bytes(&text, s, strlen(s), true);
    mw_term_inherit(out, &text);
    mw_buf_puts(out, "<pre>");
    html_bytes(out, text.data ? text.data : "");
    mw_buf_puts(out, "</pre>\n");
}

static void html_heading(mw_buf *out, int level, const char *s)
{
    mw_buf_printf(out, "<h%d>", level);
    html_text(out, s);
    mw_buf_printf(out, "</h%d>\n", level);
}

static void html_begin(mw_buf *out, const char *title)
{
    mw_buf_puts(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                     "'unsafe-inline'\">\n<title>");
    html_text(out, title);
    mw_buf_puts(
        out,
        "</title>\n<style>body{max-width:50rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif;"
        "color-scheme:light dark}pre{overflow-x:auto;padding:.5rem;border:1px solid #8886}</style>\n</head>\n<body>\n");
    html_heading(out, 1, title);
}

/* Only what leads somewhere harmless becomes a link. */
static void html_link(mw_buf *out, const char *href, const char *s)
{
    mw_buf_puts(out, "<a href=\"");
    html_text(out, href);
    mw_buf_puts(out, "\">");
    html_text(out, s);
    mw_buf_puts(out, "</a>");
}

static const struct style styles[] = {
    [MW_REFERENCE_MARKDOWN] = {"md",
                               markdown_begin,
                               markdown_text,
                               markdown_heading,
                               markdown_code,
                               markdown_block,
                               markdown_link,
                               {"", "\n\n"},
                               {"", "\n"},
                               {"- ", "\n"},
                               ""},
    [MW_REFERENCE_HTML] = {"html",
                           html_begin,
                           html_text,
                           html_heading,
                           html_code,
                           html_block,
                           html_link,
                           {"<p>", "</p>\n"},
                           {"<ul>\n", "</ul>\n"},
                           {"<li>", "</li>\n"},
                           "</body>\n</html>\n"},
};

/* ---- pieces of a page ---- */

static bool is_web(const char *s)
{
    return (mw_str_starts(s, "https://") || mw_str_starts(s, "http://")) && !strpbrk(s, " \"<>");
}

static void named(const struct style *y, mw_buf *out, const char *name, const char *value, bool code)
{
    if (!value || !*value)
        return;
    mw_buf_puts(out, y->item[0]);
    y->text(out, name);
    mw_buf_puts(out, ": ");
    if (is_web(value))
        y->link(out, value, value);
    else
        (code ? y->code : y->text)(out, value);
    mw_buf_puts(out, y->item[1]);
}

static void codes(const struct style *y, mw_buf *out, const char *name, const char *const *items, size_t n)
{
    if (n == 0)
        return;
    mw_buf_puts(out, y->item[0]);
    y->text(out, name);
    mw_buf_puts(out, ": ");
    for (size_t i = 0; i < n; i++) {
        mw_buf_puts(out, i ? ", " : "");
        y->code(out, items[i]);
    }
    mw_buf_puts(out, y->item[1]);
}

/* {name: value}: a line each; what is no text is JSON. */
static void members(const struct style *y, mw_buf *out, const char *heading, const mw_doc *d, mw_val v)
{
    if (mw_val_len(d, v) == 0)
        return;
    y->heading(out, 2, heading);
    mw_buf_puts(out, y->list[0]);
    for (size_t i = 0; i < mw_val_len(d, v); i++) {
        mw_val key, value = mw_val_member(d, v, i, &key);
        MW_AUTO(mw_buf) text = {.max = (size_t)1 << 20};
        mw_json_write(&text, d, value, MW_JSON_COMPACT);
        mw_term_inherit(out, &text);
        named(y, out, mw_val_str(d, key, NULL), text.data, true);
    }
    mw_buf_puts(out, y->list[1]);
}

/* Paragraphs of the comment: blank lines part them. */
static void description(const struct style *y, mw_buf *out, const char *s)
{
    for (const char *at = s; *at;) {
        const char *end = strstr(at, "\n\n");
        size_t len = end ? (size_t)(end - at) : strlen(at);
        MW_AUTO(mw_buf) one = {.max = (size_t)1 << 20};
        mw_buf_add(&one, at, len, NULL);
        for (char *p = one.data; p && *p; p++)
            *p = *p == '\n' ? ' ' : *p;
        mw_term_inherit(out, &one);
        mw_buf_puts(out, y->paragraph[0]);
        y->text(out, one.data ? one.data : "");
        mw_buf_puts(out, y->paragraph[1]);
        at += len;
        at += strspn(at, "\n");
    }
}

static const char *expectation(const mw_doc *d, mw_val expect, mw_buf *scratch)
{
    if (mw_val_kind(d, expect) == MW_KIND_STRING)
        return mw_val_str(d, expect, NULL);
    mw_buf_reset(scratch);
    mw_json_write(scratch, d, expect, MW_JSON_COMPACT);
    return scratch->data ? scratch->data : "";
}

static void examples(const struct style *y, mw_buf *out, const mw_doc *d)
{
    mw_val list = mw_doc_root(d);

    if (mw_val_len(d, list) == 0)
        return;
    y->heading(out, 2, "Examples");
    for (size_t i = 0; i < mw_val_len(d, list) && i < EXAMPLES_MAX; i++) {
        mw_val f = mw_val_at(d, list, i), tags = mw_val_get(d, f, "tags");
        MW_AUTO(mw_buf) text = {.max = (size_t)1 << 20};
        MW_AUTO(mw_buf) scratch = {.max = (size_t)1 << 16};
        mw_buf_puts(out, y->paragraph[0]);
        y->code(out, expectation(d, mw_val_get(d, f, "expect"), &scratch));
        mw_buf_puts(out, ": ");
        y->text(out, mw_val_get_str(d, f, "name", ""));
        mw_buf_puts(out, y->paragraph[1]);
        mw_json_write(&text, d, mw_val_get(d, f, "resource"), MW_JSON_PRETTY);
        if (mw_val_len(d, tags) > 0) {
            mw_buf_puts(&text, "\ntags: ");
            mw_json_write(&text, d, tags, MW_JSON_COMPACT);
        }
        mw_term_inherit(out, &text);
        y->block(out, text.data ? text.data : "");
    }
}

/* ---- a page ---- */

mw_status mw_reference_page(const mw_reference *r, const mw_reference_rule *of, mw_reference_format format, mw_buf *out,
                            mw_error *err)
{
    const struct style *y = &styles[format];
    const mw_doc *d = mw_rules_doc(r->rules);
    const mw_rule *rule = of->rule;

    y->begin(out, rule->title);
    description(y, out, rule->description);
    mw_buf_puts(out, y->list[0]);
    named(y, out, "Rule", rule->id, true);
    named(y, out, "Severity", rule->severity, false);
    named(y, out, "Pillar", rule->pillar, false);
    named(y, out, "Judges", rule->resource, true);
    codes(y, out, "Reads the facets", rule->needs, rule->need_count);
    codes(y, out, "Looks at", rule->related, rule->related_count);
    codes(y, out, "API calls", of->operations, of->operation_count);
    named(y, out, "Remediation", rule->remediation, true);
    named(y, out, "See", rule->see, false);
    named(y, out, "Source", rule->path, true);
    mw_buf_puts(out, y->list[1]);
    members(y, out, "Parameters", d, rule->params);
    members(y, out, "Applies to", d, rule->applies);
    members(y, out, "Controls", d, rule->controls);
    if (of->fixtures)
        examples(y, out, of->fixtures);
    mw_buf_puts(out, y->paragraph[0]);
    y->link(out, format == MW_REFERENCE_HTML ? "index.html" : "index.md", "All rules");
    mw_buf_puts(out, y->paragraph[1]);
    mw_buf_puts(out, y->end);
    return mw_buf_status(out, err);
}

/* ---- the index ---- */

static void rule_item(const struct style *y, mw_buf *out, const mw_rule *r)
{
    MW_AUTO(mw_buf) href = {.max = 4096};

    mw_buf_printf(&href, "%s.%s", r->id, y->extension);
    mw_term_inherit(out, &href);
    mw_buf_puts(out, y->item[0]);
    y->link(out, href.data ? href.data : "", r->id);
    mw_buf_puts(out, ": ");
    y->text(out, r->title);
    mw_buf_puts(out, " (");
    y->text(out, r->severity);
    mw_buf_puts(out, ")");
    mw_buf_puts(out, y->item[1]);
}

/* AWS::S3::Bucket: "S3"; settings of accounts and regions: "Account". */
static void service_of(const mw_rule *r, mw_buf *out)
{
    const char *from = strstr(r->resource, "::"), *to = from ? strstr(from + 2, "::") : NULL;

    mw_buf_reset(out);
    if (to && to > from + 2)
        mw_buf_add(out, from + 2, (size_t)(to - from - 2), NULL);
    else
        mw_buf_puts(out, "Account");
}

/* A line of the index: a rule under a heading. */
struct place {
    const char *group, *part; /* borrowed; part may be NULL */
    const mw_rule *rule;
};

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = strcmp(x->group, y->group);

    if (order == 0)
        order = strcmp(x->part ? x->part : "", y->part ? y->part : "");
    return order ? order : strcmp(x->rule->id, y->rule->id);
}

static void write_places(const struct style *y, mw_buf *out, struct place *p, size_t n)
{
    if (n)
        qsort(p, n, sizeof(*p), by_place);
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || strcmp(p[i].group, p[i - 1].group) != 0;
        if (first)
            y->heading(out, 2, p[i].group);
        if (p[i].part && (first || strcmp(p[i].part, p[i - 1].part) != 0))
            y->heading(out, 3, p[i].part);
        if (first || (p[i].part && strcmp(p[i].part, p[i - 1].part) != 0))
            mw_buf_puts(out, y->list[0]);
        rule_item(y, out, p[i].rule);
        if (i + 1 == n || strcmp(p[i].group, p[i + 1].group) != 0 ||
            (p[i].part && strcmp(p[i].part, p[i + 1].part) != 0))
            mw_buf_puts(out, y->list[1]);
    }
}

static size_t controls_of(const mw_reference *r, struct place *to, size_t max)
{
    const mw_doc *d = mw_rules_doc(r->rules);
    size_t n = 0;

    for (size_t i = 0; i < r->count; i++) {
        mw_val controls = r->items[i].rule->controls;
        for (size_t k = 0; k < mw_val_len(d, controls); k++) {
            mw_val key, list = mw_val_member(d, controls, k, &key);
            for (size_t c = 0; c < mw_val_len(d, list); c++, n++)
                if (n < max)
                    to[n] = (struct place){mw_val_str(d, key, NULL), mw_val_str(d, mw_val_at(d, list, c), NULL),
                                           r->items[i].rule};
        }
    }
    return n;
}

mw_status mw_reference_index(const mw_reference *r, mw_reference_format format, mw_buf *out, mw_error *err)
{
    const struct style *y = &styles[format];
    size_t controls = controls_of(r, NULL, 0);
    MW_AUTO(mw_arena) arena = {0};
    struct place *places = mw_arena_alloc(&arena, (controls + r->count + 1) * sizeof(*places));

    if (!places)
        return mw_fail(err, MW_ERR_NOMEM, "doc: out of memory");
    y->begin(out, "Rules");
    for (size_t i = 0; i < r->count; i++) {
        MW_AUTO(mw_buf) service = {.max = 1024};
        service_of(r->items[i].rule, &service);
        places[i] = (struct place){mw_arena_strdup(&arena, service.data ? service.data : ""), NULL, r->items[i].rule};
        if (!places[i].group)
            return mw_fail(err, MW_ERR_NOMEM, "doc: out of memory");
    }
    write_places(y, out, places, r->count);
    controls_of(r, places, controls);
    if (controls)
        y->heading(out, 1, "Frameworks");
    write_places(y, out, places, controls);
    mw_buf_puts(out, y->end);
    return mw_buf_status(out, err);
}

/* ---- JSON ---- */

static void add_texts(mw_doc_builder *b, const char *key, const char *const *items, size_t n)
{
    mw_doc_ckey(b, key);
    mw_doc_begin_array(b);
    for (size_t i = 0; i < n; i++)
        mw_doc_add_cstr(b, items[i]);
    mw_doc_end_array(b);
}

static void add_value(mw_doc_builder *b, const char *key, const mw_doc *d, mw_val v)
{
    mw_doc_ckey(b, key);
    if (!d || mw_val_kind(d, v) == MW_KIND_ABSENT)
        mw_doc_add_null(b);
    else
        mw_doc_add_copy(b, d, v);
}

void mw_reference_add_rule(mw_doc_builder *b, const mw_rules *rules, const mw_rule *r)
{
    const mw_doc *d = mw_rules_doc(rules);
    const char *const texts[][2] = {{"id", r->id},
                                    {"title", r->title},
                                    {"severity", r->severity},
                                    {"pillar", r->pillar},
                                    {"resource", r->resource},
                                    {"remediation", r->remediation},
                                    {"description", r->description},
                                    {"see", r->see},
                                    {"path", r->path},
                                    {"pack", r->pack}};

    for (size_t i = 0; i < MW_COUNT(texts); i++)
        mw_doc_member_str(b, texts[i][0], texts[i][1]);
    add_texts(b, "tags", r->tags, r->tag_count);
    add_texts(b, "needs", r->needs, r->need_count);
    add_texts(b, "related", r->related, r->related_count);
    add_value(b, "controls", d, r->controls);
    add_value(b, "applies", d, r->applies);
    add_value(b, "params", d, r->params);
}

mw_status mw_reference_json(const mw_reference *r, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_status st = mw_doc_builder_new(NULL, &b, err);

    if (st != MW_OK)
        return st;
    mw_doc_begin_object(b);
    mw_doc_member_str(b, "schema", "moonward.reference/1");
    mw_doc_ckey(b, "rules");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < r->count; i++) {
        const mw_reference_rule *of = &r->items[i];
        mw_doc_begin_object(b);
        mw_reference_add_rule(b, r->rules, of->rule);
        add_texts(b, "calls", of->operations, of->operation_count);
        add_value(b, "examples", of->fixtures, of->fixtures ? mw_doc_root(of->fixtures) : MW_VAL_ABSENT);
        mw_doc_end_object(b);
    }
    mw_doc_end_array(b);
    mw_doc_end_object(b);
    if ((st = mw_doc_builder_status(b, err)) == MW_OK) {
        mw_json_write(out, mw_doc_view(b), mw_doc_pop(b), MW_JSON_PRETTY);
        mw_buf_putc(out, '\n');
        st = mw_buf_status(out, err);
    }
    mw_doc_builder_free(b);
    return st;
}
