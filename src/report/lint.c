/*
 * The linter's findings as text, JSON, SARIF and annotations. Paths, lines and messages are other
 * people's bytes: they pass through mw_term_text() or the JSON writer, never as they are.
 */
#include "report/lint.h"

#include "base/hash.h"
#include "base/str.h"
#include "report/term.h"

#include <stdio.h>

#define RESULTS_MAX 25000 /* GitHub refuses SARIF files with more results in a run */

static size_t count_of(const mw_lint *l, mw_lint_severity severity)
{
    size_t n = 0;

    for (size_t i = 0; i < mw_lint_count(l); i++)
        n += mw_lint_at(l, i)->code->severity == severity;
    return n;
}

/* ---- text ---- */

static mw_color color_of(mw_lint_severity s)
{
    return s == MW_LINT_ERROR ? MW_COLOR_RED : s == MW_LINT_WARNING ? MW_COLOR_YELLOW : MW_COLOR_CYAN;
}

/* The line, and carets below the columns; tabs become one blank so that both stand. */
static void write_source(const mw_lint_finding *f, bool color, mw_buf *out)
{
    MW_AUTO(mw_buf) shown = {.max = 1 << 20};
    size_t len = strlen(f->source), from = f->column - 1, to = f->end_column - 1, skip = 0, before, width;

    while (skip < len && (f->source[skip] == ' ' || f->source[skip] == '\t'))
        skip++;
    if (skip == len || from > len)
        return;
    if (skip > from)
        skip = from;
    if (from - skip > 80)
        skip = from - 40;
    for (size_t i = skip; i < len && i < skip + 160; i++)
        mw_buf_putc(&shown, f->source[i] == '\t' ? ' ' : f->source[i]);
    mw_buf_puts(out, "    ");
    mw_term_inherit(out, &shown);
    mw_term_text(out, shown.data);
    before = mw_term_columns(f->source + skip, from - skip);
    width = to > from && to <= len ? mw_term_columns(f->source + from, to - from) : 1;
    if (width > 120)
        width = 120;
    mw_buf_printf(out, "\n    %*s", (int)before, "");
    mw_term_color(out, color, color_of(f->code->severity));
    for (size_t i = 0; i < width; i++)
        mw_buf_putc(out, '^');
    mw_term_reset(out, color);
    mw_buf_putc(out, '\n');
}

mw_status mw_report_lint_text(const mw_lint *l, bool color, mw_buf *out, mw_error *err)
{
    size_t errors = count_of(l, MW_LINT_ERROR), warnings = count_of(l, MW_LINT_WARNING),
           notes = count_of(l, MW_LINT_NOTE);

    for (size_t i = 0; i < mw_lint_count(l); i++) {
        const mw_lint_finding *f = mw_lint_at(l, i);
        mw_term_text(out, f->path);
        mw_buf_printf(out, ":%u:%u: ", f->line, f->column);
        mw_term_color(out, color, color_of(f->code->severity));
        mw_buf_puts(out, mw_lint_severity_name(f->code->severity));
        mw_term_reset(out, color);
        mw_buf_printf(out, " %s: ", f->code->id);
        mw_term_text(out, f->message);
        mw_buf_putc(out, '\n');
        write_source(f, color, out);
    }
    mw_buf_printf(out, "%zu file%s: ", mw_lint_files(l), mw_lint_files(l) == 1 ? "" : "s");
    if (errors + warnings + notes == 0)
        mw_buf_puts(out, "nothing found");
    else
        mw_buf_printf(out, "%zu error%s, %zu warning%s, %zu note%s", errors, errors == 1 ? "" : "s", warnings,
                      warnings == 1 ? "" : "s", notes, notes == 1 ? "" : "s");
    mw_buf_printf(out, " (service models of botocore %s)\n", mw_lint_models_version(l));
    if (errors + warnings + notes > 0)
        mw_buf_puts(out, "`moonward explain CODE` tells more\n");
    return mw_buf_status(out, err);
}

/* ---- JSON ---- */

static void text_member(mw_buf *out, const char *key, const char *value)
{
    mw_buf_printf(out, "\"%s\":", key);
    mw_json_write_string(out, value, strlen(value));
}

mw_status mw_report_lint_json(const mw_lint *l, mw_buf *out, mw_error *err)
{
    mw_buf_puts(out, "{\"schema\":\"moonward.lint/1\",");
    text_member(out, "models", mw_lint_models_version(l));
    mw_buf_printf(out, ",\"files\":%zu,\"errors\":%zu,\"warnings\":%zu,\"notes\":%zu,\n", mw_lint_files(l),
                  count_of(l, MW_LINT_ERROR), count_of(l, MW_LINT_WARNING), count_of(l, MW_LINT_NOTE));
    mw_buf_puts(out, "\"findings\":[");
    for (size_t i = 0; i < mw_lint_count(l); i++) {
        const mw_lint_finding *f = mw_lint_at(l, i);
        mw_buf_puts(out, i ? ",\n{" : "\n{");
        text_member(out, "code", f->code->id);
        mw_buf_putc(out, ',');
        text_member(out, "severity", mw_lint_severity_name(f->code->severity));
        mw_buf_putc(out, ',');
        text_member(out, "file", f->path);
        mw_buf_printf(out, ",\"line\":%u,\"column\":%u,\"end_column\":%u,", f->line, f->column, f->end_column);
        text_member(out, "message", f->message);
        mw_buf_putc(out, '}');
    }
    mw_buf_puts(out, "]}\n");
    return mw_buf_status(out, err);
}

/* ---- SARIF ---- */

/* Columns count characters there, bytes here. */
static unsigned characters(const mw_lint_finding *f, unsigned column)
{
    size_t len = strlen(f->source), bytes = column - 1;

    return (unsigned)mw_term_columns(f->source, bytes < len ? bytes : len) + 1;
}

static void write_rule(const mw_lint_code *c, mw_buf *out)
{
    mw_buf_puts(out, "{");
    text_member(out, "id", c->id);
    mw_buf_puts(out, ",\"shortDescription\":{");
    text_member(out, "text", c->title);
    mw_buf_puts(out, "},\"fullDescription\":{");
    text_member(out, "text", c->meaning);
    mw_buf_puts(out, "},\"help\":{");
    text_member(out, "text", c->remedy);
    mw_buf_puts(out, "},\"defaultConfiguration\":{");
    text_member(out, "level", mw_lint_severity_name(c->severity));
    mw_buf_puts(out, "}}");
}

/* A relative URI: what is not plain is percent-encoded, `./` is dropped. */
static void write_uri(const char *path, mw_buf *out)
{
    MW_AUTO(mw_buf) uri = {.max = 1 << 16};

    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (path[0] == '/')
        mw_buf_puts(&uri, "file://");
    mw_uri_encode(&uri, path, strlen(path), "/");
    mw_term_inherit(out, &uri);
    text_member(out, "uri", uri.data ? uri.data : "");
}

static void write_result(const mw_lint_finding *f, size_t index, mw_buf *out)
{
    MW_AUTO(mw_buf) key = {.max = 1 << 16};
    uint8_t digest[MW_SHA256_SIZE];
    char hex[2 * MW_SHA256_SIZE + 1];

    /* The same finding when lines above it come and go. */
    mw_buf_printf(&key, "%s %s %s", f->code->id, f->path, f->source);
    mw_term_inherit(out, &key);
    mw_sha256(digest, key.data ? key.data : "", key.len);
    mw_hex(hex, digest, sizeof(digest));
    mw_buf_putc(out, '{');
    text_member(out, "ruleId", f->code->id);
    mw_buf_printf(out, ",\"ruleIndex\":%zu,", index);
    text_member(out, "level", mw_lint_severity_name(f->code->severity));
    mw_buf_puts(out, ",\"message\":{");
    text_member(out, "text", f->message);
    mw_buf_puts(out, "},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{");
    write_uri(f->path, out);
    mw_buf_printf(out, "},\"region\":{\"startLine\":%u,\"startColumn\":%u,\"endColumn\":%u}}}],", f->line,
                  characters(f, f->column), characters(f, f->end_column));
    mw_buf_printf(out, "\"partialFingerprints\":{\"moonward/1\":\"%.32s\"}}", hex);
}

mw_status mw_report_lint_sarif(const mw_lint *l, const char *version, mw_buf *out, mw_error *err)
{
    size_t n, results = mw_lint_count(l);
    const mw_lint_code *codes = mw_lint_codes(&n);

    mw_buf_puts(out, "{\"$schema\":\"https://json.schemastore.org/"
                     "sarif-2.1.0.json\",\"version\":\"2.1.0\",\n\"runs\":[{\"tool\":{\"driver\":{"
                     "\"name\":\"moonward\",");
    text_member(out, "semanticVersion", version);
    mw_buf_puts(out, ",\"rules\":[");
    for (size_t i = 0; i < n; i++) {
        mw_buf_puts(out, i ? ",\n" : "\n");
        write_rule(&codes[i], out);
    }
    mw_buf_puts(out, "]}},\n\"columnKind\":\"unicodeCodePoints\",\"results\":[");
    for (size_t i = 0; i < results && i < RESULTS_MAX; i++) {
        const mw_lint_finding *f = mw_lint_at(l, i);
        mw_buf_puts(out, i ? ",\n" : "\n");
        write_result(f, (size_t)(f->code - codes), out);
    }
    mw_buf_puts(out, "]}]}\n");
    return mw_buf_status(out, err);
}

/* ---- GitHub ---- */

/* Workflow commands end at line ends and, in properties, at commas and colons. */
static void write_escaped(const char *s, bool property, mw_buf *out)
{
    MW_AUTO(mw_buf) text = {.max = 1 << 16};

    mw_term_text(&text, s);
    mw_term_inherit(out, &text);
    for (const char *p = text.data ? text.data : ""; *p; p++) {
        if (*p == '%' || (property && (*p == ',' || *p == ':')))
            mw_buf_printf(out, "%%%02X", (unsigned char)*p);
        else
            mw_buf_putc(out, *p);
    }
}

mw_status mw_report_lint_github(const mw_lint *l, mw_buf *out, mw_error *err)
{
    for (size_t i = 0; i < mw_lint_count(l); i++) {
        const mw_lint_finding *f = mw_lint_at(l, i);
        mw_buf_printf(
            out, "::%s file=", f->code->severity == MW_LINT_NOTE ? "notice" : mw_lint_severity_name(f->code->severity));
        write_escaped(f->path, true, out);
        mw_buf_printf(out, ",line=%u,col=%u,endColumn=%u,title=%s::", f->line, f->column, f->end_column, f->code->id);
        write_escaped(f->message, false, out);
        mw_buf_putc(out, '\n');
    }
    return mw_buf_status(out, err);
}
