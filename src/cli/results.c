/*
 * A finished report leaves the process here, in pieces, so that its text is never in memory whole. Files are
 * written before stdout and become visible whole, so that a reader never sees half a document; a file that cannot be
 * written fails the command.
 */
#include "cli/results.h"

#include "base/file.h"
#include "base/str.h"
#include "moonward/jmespath.h"
#include "report/value.h"

#include <stdint.h>
#include <string.h>

/* What is made in memory: a text, and the document that --query looks into, a million findings of 1 KB. */
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

/* Where a report goes. */
struct place {
    int fd;
    const char *name;
    bool to_file, closed; /* closed: whoever reads stdout had enough */
};

static mw_status write_piece(void *user, const char *data, size_t len, mw_error *err)
{
    struct place *to = user;
    bool open = true;
    mw_status st =
        to->to_file ? mw_fd_write_all(to->fd, to->name, data, len, err) : mw_cli_stream(data, len, &open, err);

    to->closed = !open;
    return st == MW_OK && !open ? MW_ERR_CANCELLED : st;
}

static mw_status write_text(const mw_setup *s, const mw_report *r, struct place *to, bool stored, mw_error *err)
{
    MW_AUTO(mw_buf) out = {.max = RESULTS_MAX_BYTES};
    mw_text_options text = mw_setup_text(s);
    mw_status st;

    text.stored = stored;
    if (to->to_file) {
        text.color = false;
        text.width = 0;
        text.list_max = SIZE_MAX;
    }
    st = mw_report_text(r, &text, &out, err);
    return st == MW_OK && out.len ? write_piece(to, out.data, out.len, err) : st;
}

/* In pieces as it is made: the text of a report is larger than what it is made of. */
static mw_status write_report(const mw_setup *s, const mw_report *r, const char *format, size_t len, struct place *to,
                              bool stored, mw_error *err)
{
    const mw_report_sink sink = {.write = write_piece, .user = to};
    mw_status st = len == 5                           ? mw_report_jsonl_to(r, &sink, err)
                   : memcmp(format, "json", len) == 0 ? mw_report_json_to(r, &sink, err)
                                                      : write_text(s, r, to, stored, err);

    return to->closed ? MW_OK : st;
}

static mw_status write_file(const mw_setup *s, const mw_report *r, const char *text, bool stored, mw_error *err)
{
    struct place to = {.to_file = true};
    mw_file_new file;
    mw_str format;
    mw_status st = split_export(text, &format, &to.name, err);

    if (st != MW_OK || (st = mw_file_begin(&file, to.name, 0600, err)) != MW_OK)
        return st;
    to.fd = file.fd;
    return mw_file_end(&file, write_report(s, r, format.data, format.len, &to, stored, err), err);
}

static mw_status write_found(const mw_report *r, const char *query, struct place *to, mw_error *err)
{
    MW_AUTO(mw_buf) document = {.max = RESULTS_MAX_BYTES};
    MW_AUTO(mw_buf) out = {.max = RESULTS_MAX_BYTES};
    mw_doc_builder *b = NULL;
    mw_jmespath *j = NULL;
    mw_val found;
    mw_status st;

    if ((st = mw_report_json(r, &document, err)) != MW_OK)
        return st;
    if ((st = mw_jmespath_compile(query, strlen(query), &j, err)) != MW_OK ||
        (st = mw_doc_builder_new(NULL, &b, err)) != MW_OK ||
        (st = mw_json_read(b, document.data, document.len, NULL, NULL, err)) != MW_OK ||
        (st = mw_jmespath_eval(j, b, mw_doc_pop(b), &found, err)) != MW_OK)
        goto out;
    st = mw_value_write(&out, mw_doc_view(b), found, MW_VALUE_JSON, NULL, err);
out:
    mw_doc_builder_free(b);
    mw_jmespath_free(j);
    if (st != MW_OK)
        return mw_error_prefix(err, st, "--query");
    st = write_piece(to, out.data, out.len, err);
    return to->closed ? MW_OK : st;
}

int mw_results_write(const mw_setup *s, const mw_report *r, bool stored, int code)
{
    const mw_args *args = s->cli->args;
    const char *output = mw_args_get(args, "output"), *query = mw_args_get(args, "query");
    struct place to = {.name = "stdout"};
    mw_error err = {0};
    mw_status st = MW_OK;

    for (size_t i = 0; i < mw_args_count(args, "export") && st == MW_OK; i++)
        st = write_file(s, r, mw_args_value(args, "export", i), stored, &err);
    output = output ? output : "text";
    if (st == MW_OK)
        st = query ? write_found(r, query, &to, &err) : write_report(s, r, output, strlen(output), &to, stored, &err);
    return st == MW_OK ? code : mw_cli_fail(&err);
}
