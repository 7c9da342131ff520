/*
 * A finished report leaves the process here. Files are written before stdout and atomically, so that a
 * reader never sees half a document; a file that cannot be written fails the command.
 */
#include "cli/results.h"

#include "base/file.h"
#include "base/str.h"
#include "moonward/jmespath.h"

#include <stdint.h>
#include <string.h>

/* A million findings of 1 KB: beyond that a report is read from the store. */
#define RESULTS_MAX_BYTES ((size_t)2 << 30)

static const char *const formats[] = {"text", "json", "jsonl"};

static mw_status split_export(const char *text, mw_str *format, const char **path, mw_error *err)
{
    const char *equals = strchr(text, '=');

    *format = (mw_str){text, equals ? (size_t)(equals - text) : 0};
    *path = equals ? equals + 1 : "";
    if (!equals || !**path)
        return mw_fail(err, MW_ERR_INVALID, "--export: '%s' is not FORMAT=PATH", text);
    for (size_t i = 0; i < MW_COUNT(formats); i++)
        if (strlen(formats[i]) == format->len && memcmp(formats[i], text, format->len) == 0)
            return MW_OK;
    return mw_fail(err, MW_ERR_INVALID, "--export: '%.*s' is not one of text|json|jsonl", (int)format->len, text);
}

mw_status mw_results_check(const mw_args *args, mw_error *err)
{
    const char *query = mw_args_get(args, "query"), *path;
    mw_jmespath *j = NULL;
    mw_status st = MW_OK;
    mw_str format;

    for (size_t i = 0; i < mw_args_count(args, "export") && st == MW_OK; i++)
        st = split_export(mw_args_value(args, "export", i), &format, &path, err);
    if (st != MW_OK || !query)
        return st;
    if (!mw_str_eq(mw_args_get(args, "output"), "json"))
        return mw_fail(err, MW_ERR_INVALID, "--query works on the JSON document: add --output json");
    st = mw_jmespath_compile(query, strlen(query), &j, err);
    mw_jmespath_free(j);
    return st == MW_OK ? st : mw_error_prefix(err, MW_ERR_INVALID, "--query");
}

static mw_status render(const mw_setup *s, const mw_report *r, const char *format, size_t len, bool to_file,
                        bool stored, mw_buf *out, mw_error *err)
{
    mw_text_options text = mw_setup_text(s);

    if (len == 4 && memcmp(format, "json", 4) == 0)
        return mw_report_json(r, out, err);
    if (len == 5)
        return mw_report_jsonl(r, out, err);
    text.stored = stored;
    if (to_file) {
        text.color = false;
        text.width = 0;
        text.list_max = SIZE_MAX;
    }
    return mw_report_text(r, &text, out, err);
}

static mw_status query_document(const char *query, mw_buf *document, mw_buf *out, mw_error *err)
{
    mw_doc_builder *b = NULL;
    mw_jmespath *j = NULL;
    mw_val found;
    mw_status st;

    if ((st = mw_jmespath_compile(query, strlen(query), &j, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK ||
        (st = mw_json_read(b, document->data, document->len, NULL, NULL, err)) != MW_OK ||
        (st = mw_jmespath_eval(j, b, mw_doc_pop(b), &found, err)) != MW_OK)
        goto out;
    mw_json_write(out, mw_doc_view(b), found, MW_JSON_PRETTY);
    mw_buf_putc(out, '\n');
    st = mw_buf_status(out, err);
out:
    mw_doc_builder_free(b);
    mw_jmespath_free(j);
    return st == MW_OK ? st : mw_error_prefix(err, st, "--query");
}

int mw_results_write(const mw_setup *s, const mw_report *r, bool stored, int code)
{
    const mw_args *args = s->cli->args;
    const char *output = mw_args_get(args, "output"), *query = mw_args_get(args, "query");
    MW_AUTO(mw_buf) out = {.max = RESULTS_MAX_BYTES};
    MW_AUTO(mw_buf) part = {.max = RESULTS_MAX_BYTES};
    mw_error err = {0};

    for (size_t i = 0; i < mw_args_count(args, "export"); i++) {
        const char *path;
        mw_str format;
        mw_buf_reset(&out);
        if (split_export(mw_args_value(args, "export", i), &format, &path, &err) != MW_OK ||
            render(s, r, format.data, format.len, true, stored, &out, &err) != MW_OK ||
            mw_file_write_atomic(path, out.data ? out.data : "", out.len, 0600, &err) != MW_OK)
            return mw_cli_fail(&err);
    }
    mw_buf_reset(&out);
    output = output ? output : "text";
    if (render(s, r, output, strlen(output), false, stored, &out, &err) != MW_OK)
        return mw_cli_fail(&err);
    if (!query)
        return mw_cli_print(out.data, out.len, code);
    if (query_document(query, &out, &part, &err) != MW_OK)
        return mw_cli_fail(&err);
    return mw_cli_print(part.data, part.len, code);
}
