/*
 * `moonward query`: one SELECT over a stored snapshot, printed as it comes. Nothing that a string
 * holds can drive a terminal or a spreadsheet. What the answer relies on and the snapshot does not
 * have is told on stderr, and in the exit status.
 */
#include "query/query.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/moment.h"
#include "cli/setup.h"

#include "base/log.h"
#include "base/str.h"
#include "report/csv.h"
#include "report/term.h"
#include "report/value.h"

#include <string.h>

#define CHUNK        ((size_t)64 << 10)
#define MEASURED     1000 /* rows of a table that settle the widths of its columns */
#define CELL_COLUMNS 60   /* a wider column is not padded further */

enum format { TABLE, JSON, JSONL, CSV };

struct asking {
    mw_setup setup;
    mw_model_pack pack;
    mw_store *store;
    mw_query *query;
    enum format format;
    mw_buf out;
    mw_arena arena, lines; /* names of columns; cells of a table that are not printed yet */
    const char *const *names;
    size_t columns, rows, held, *width;
    const char **cells; /* held rows, neutral; the first is the header */
    bool measuring;     /* the table's widths are not settled */
    mw_doc_builder *b;  /* one row */
    size_t gaps;
    bool open; /* somebody still reads stdout */
    mw_error *err;
    mw_status st;
};

static bool flush(struct asking *a, bool all)
{
    if (a->out.failed != MW_OK)
        a->st = mw_buf_status(&a->out, a->err);
    else if (a->out.len >= (all ? 1 : CHUNK)) {
        a->st = mw_cli_stream(a->out.data, a->out.len, &a->open, a->err);
        mw_buf_reset(&a->out);
    }
    return a->st == MW_OK && a->open;
}

static const char *text_of(const mw_query_value *v, mw_buf *scratch, size_t *len)
{
    mw_buf_reset(scratch);
    switch (v->kind) {
    case MW_QUERY_NULL: *len = 0; return "";
    case MW_QUERY_INTEGER: mw_buf_printf(scratch, "%lld", (long long)v->integer); break;
    case MW_QUERY_REAL: mw_buf_printf(scratch, "%.15g", v->real); break;
    case MW_QUERY_TEXT: *len = v->len; return v->text;
    }
    *len = scratch->len;
    return scratch->data ? scratch->data : "";
}

/* ---- JSON ---- */

static void add_value(struct asking *a, const mw_query_value *v)
{
    const mw_json_options options = {0};
    mw_error ignored = {0};

    switch (v->kind) {
    case MW_QUERY_NULL: mw_doc_add_null(a->b); break;
    case MW_QUERY_INTEGER: mw_doc_add_int(a->b, v->integer); break;
    case MW_QUERY_REAL: mw_doc_add_real(a->b, v->real); break;
    case MW_QUERY_TEXT: /* a column of documents may hold a plain text too */
        if (!v->json || (v->text[0] != '{' && v->text[0] != '[') ||
            mw_json_read(a->b, v->text, v->len, &options, NULL, &ignored) != MW_OK)
            mw_doc_add_str(a->b, v->text, v->len);
        break;
    }
}

static void json_row(struct asking *a, const mw_query_value *values)
{
    mw_doc_builder_reset(a->b);
    mw_doc_begin_object(a->b);
    for (size_t i = 0; i < a->columns; i++) {
        mw_doc_ckey(a->b, a->names[i]);
        add_value(a, &values[i]);
    }
    mw_doc_end_object(a->b);
    if ((a->st = mw_doc_builder_status(a->b, a->err)) != MW_OK)
        return;
    if (a->format == JSON)
        mw_buf_puts(&a->out, a->rows ? ",\n" : "\n");
    mw_value_json_line(&a->out, mw_doc_view(a->b), mw_doc_pop(a->b));
    if (a->format == JSONL)
        mw_buf_putc(&a->out, '\n');
}

/* ---- CSV ---- */

static void csv_row(struct asking *a, const mw_query_value *values)
{
    MW_AUTO(mw_buf) scratch = {.max = 1024};

    for (size_t i = 0; i < a->columns; i++) {
        size_t len;
        const char *s = text_of(&values[i], &scratch, &len);
        mw_buf_puts(&a->out, i ? "," : "");
        mw_csv_field(&a->out, s, len, values[i].kind == MW_QUERY_TEXT);
    }
    mw_buf_puts(&a->out, "\r\n");
}

/* ---- table ---- */

static void table_row(struct asking *a, const char *const *cells)
{
    for (size_t i = 0; i < a->columns; i++) {
        size_t have = mw_term_columns(cells[i], strlen(cells[i]));
        mw_buf_puts(&a->out, i ? "  " : "");
        mw_buf_puts(&a->out, cells[i]);
        if (i + 1 < a->columns && have < a->width[i])
            mw_buf_printf(&a->out, "%*s", (int)(a->width[i] - have), "");
    }
    mw_buf_putc(&a->out, '\n');
}

static const char *cell(struct asking *a, size_t i, const char *s, size_t len)
{
    MW_AUTO(mw_buf) neutral = {.max = 4 * MW_SNAPSHOT_DOC_MAX};
    const char *kept;
    size_t have;

    mw_term_bytes(&neutral, s, len, false);
    kept = neutral.failed == MW_OK ? mw_arena_strdup(&a->lines, neutral.len ? neutral.data : "") : NULL;
    if (!kept) {
        a->st = mw_fail(a->err, MW_ERR_LIMIT, "query: a row is too large for a table: --output jsonl prints it");
        return "";
    }
    have = mw_term_columns(kept, strlen(kept));
    if (a->measuring && have > a->width[i])
        a->width[i] = have < CELL_COLUMNS ? have : CELL_COLUMNS;
    return kept;
}

static void cells_of(struct asking *a, const mw_query_value *values, const char **cells)
{
    MW_AUTO(mw_buf) scratch = {.max = 1024};

    for (size_t i = 0; i < a->columns; i++) {
        size_t len;
        const char *s = text_of(&values[i], &scratch, &len);
        cells[i] = cell(a, i, s, len);
    }
}

/* The widths are settled: print what was held back, its header first. */
static void release(struct asking *a)
{
    for (size_t r = 0; r < a->held && flush(a, false); r++)
        table_row(a, &a->cells[r * a->columns]);
    a->held = 0;
    a->measuring = false;
    mw_arena_reset(&a->lines);
}

static void show_row(struct asking *a, const mw_query_value *values)
{
    if (a->measuring && a->held > MEASURED)
        release(a);
    if (a->measuring) {
        cells_of(a, values, &a->cells[a->held++ * a->columns]);
        return;
    }
    cells_of(a, values, a->cells);
    if (a->st == MW_OK)
        table_row(a, a->cells);
    mw_arena_reset(&a->lines);
}

/* ---- rows ---- */

static bool take_columns(void *user, const char *const *names, size_t count)
{
    struct asking *a = user;
    const char **kept = mw_arena_alloc(&a->arena, (count + 1) * sizeof(*kept));

    a->width = mw_arena_alloc(&a->arena, (count + 1) * sizeof(*a->width));
    a->cells = a->format == TABLE ? mw_arena_alloc(&a->arena, (MEASURED + 2) * (count + 1) * sizeof(*a->cells)) : NULL;
    for (size_t i = 0; kept && i < count; i++)
        if (!(kept[i] = mw_arena_strdup(&a->arena, names[i])))
            kept = NULL;
    if (!kept || !a->width || (a->format == TABLE && !a->cells)) {
        a->st = mw_fail(a->err, MW_ERR_NOMEM, "query: out of memory");
        return false;
    }
    a->names = kept;
    a->columns = count;
    a->measuring = a->format == TABLE;
    for (size_t i = 0; a->measuring && i < count; i++)
        a->cells[i] = cell(a, i, names[i], strlen(names[i]));
    a->held = a->measuring;
    for (size_t i = 0; a->format == CSV && i < count; i++) {
        mw_buf_puts(&a->out, i ? "," : "");
        mw_csv_field(&a->out, names[i], strlen(names[i]), true);
    }
    if (a->format == CSV)
        mw_buf_puts(&a->out, "\r\n");
    if (a->format == JSON)
        mw_buf_puts(&a->out, "[");
    return a->st == MW_OK;
}

static bool take_row(void *user, const mw_query_value *values, size_t count)
{
    struct asking *a = user;

    (void)count;
    switch (a->format) {
    case TABLE: show_row(a, values); break;
    case CSV: csv_row(a, values); break;
    default: json_row(a, values); break;
    }
    a->rows++;
    return a->st == MW_OK && flush(a, false);
}

static void tell_gap(void *user, const char *view, const char *what)
{
    struct asking *a = user;
    MW_AUTO(mw_buf) line = {.max = 4096};

    mw_term_text(&line, what);
    a->gaps++;
    mw_log_warn("%s: %s", view, line.data ? line.data : "");
}

/* ---- the schema ---- */

static bool show_view(void *user, const char *name, const char *type)
{
    struct asking *a = user;

    mw_buf_printf(&a->out, "%-28s  ", name);
    mw_term_text(&a->out, type ? type : "");
    mw_buf_putc(&a->out, '\n');
    return true;
}

static bool show_column(void *user, const char *name, const char *kind, bool facet)
{
    struct asking *a = user;

    mw_term_text(&a->out, name);
    mw_buf_printf(&a->out, "  %s%s\n", kind, facet ? ", by a call of its own" : "");
    return true;
}

static mw_status schema(struct asking *a, const char *view)
{
    return view ? mw_query_view(a->query, view, show_column, a, a->err)
                : mw_query_schema(a->query, show_view, a, a->err);
}

/* ---- the command ---- */

static mw_status params(struct asking *a, const mw_query_param **out, size_t *count)
{
    const mw_args *args = a->setup.cli->args;
    size_t n = mw_args_count(args, "param");
    mw_query_param *list = mw_arena_alloc(&a->arena, (n + 1) * sizeof(*list));

    if (!list)
        return mw_fail(a->err, MW_ERR_NOMEM, "query: out of memory");
    for (size_t i = 0; i < n; i++) {
        const char *text = mw_args_value(args, "param", i), *equals = strchr(text, '=');
        if (!equals || equals == text)
            return mw_fail(a->err, MW_ERR_INVALID, "--param '%.80s': expected NAME=VALUE", text);
        list[i].name = mw_arena_strndup(&a->arena, text, (size_t)(equals - text));
        list[i].value = equals + 1;
        if (!list[i].name)
            return mw_fail(a->err, MW_ERR_NOMEM, "query: out of memory");
    }
    *out = list;
    *count = n;
    return MW_OK;
}

static mw_status number(const mw_args *args, const char *option, long long most, long long *out, mw_error *err)
{
    const char *text = mw_args_get(args, option);

    *out = 0;
    if (text && (!mw_parse_int(text, strlen(text), out) || *out < 1 || *out > most))
        return mw_fail(err, MW_ERR_INVALID, "--%s '%.40s': expected a whole number from 1 to %lld", option, text, most);
    return MW_OK;
}

static mw_status open_query(struct asking *a, const mw_cli *cli)
{
    const mw_args *args = cli->args;
    mw_query_options o = {.stop = cli->stop};
    char at[MW_TIME_SIZE];
    const char *name;
    long long seconds, rows;
    mw_status st;

    if ((st = mw_setup_config(&a->setup, cli, a->err)) != MW_OK || (st = mw_setup_types(&a->setup, a->err)) != MW_OK ||
        (st = mw_moment_name(args, mw_args_get(args, "snapshot"), at, &name, a->err)) != MW_OK ||
        (st = number(args, "timeout", 86400, &seconds, a->err)) != MW_OK ||
        (st = number(args, "max-rows", 1000000000, &rows, a->err)) != MW_OK ||
        (st = mw_model_pack_open(args, &a->pack, a->err)) != MW_OK ||
        (st = mw_setup_store(&a->setup, &a->store, a->err)) != MW_OK)
        return st;
    o.types = a->setup.types;
    o.models = a->pack.models;
    o.timeout_ms = seconds * 1000;
    o.max_rows = (size_t)rows;
    return mw_query_open(a->store, name, &o, &a->query, a->err);
}

static mw_status ask(struct asking *a, const char *sql)
{
    const mw_query_sink sink = {take_columns, take_row, a};
    const mw_query_param *given = NULL;
    size_t count = 0;
    mw_status st;

    if ((st = params(a, &given, &count)) != MW_OK || (st = mw_doc_builder_new(NULL, &a->b, a->err)) != MW_OK ||
        (st = mw_query_run(a->query, sql, given, count, &sink, a->err)) != MW_OK)
        return st;
    if (a->st == MW_OK && a->measuring)
        release(a);
    if (a->format == JSON)
        mw_buf_puts(&a->out, a->rows ? "\n]\n" : "]\n");
    mw_query_gaps(a->query, tell_gap, a);
    return a->st;
}

static mw_status perform(struct asking *a, const mw_cli *cli)
{
    static const char *const formats[] = {"table", "json", "jsonl", "csv"};
    const char *format = mw_args_get(cli->args, "output"), *first = mw_args_positional(cli->args, 0);
    bool describe = mw_args_flag(cli->args, "schema");
    mw_status st;

    for (size_t i = 0; i < MW_COUNT(formats); i++)
        if (mw_str_eq(format, formats[i]))
            a->format = (enum format)i;
    if (!first && !describe)
        return mw_fail(a->err, MW_ERR_INVALID, "query: expected a SELECT, or --schema");
    if ((st = open_query(a, cli)) == MW_OK)
        st = describe ? schema(a, first) : ask(a, first);
    if (a->open && !flush(a, true) && st == MW_OK) /* rows that came before a failure are printed too */
        st = a->st;
    return st;
}

static int run(mw_cli *cli)
{
    mw_error err = {0};
    struct asking a = {
        .err = &err, .open = true, .out = {.max = (size_t)1 << 30}, .lines = {.max_bytes = (size_t)512 << 20}};
    mw_status st = perform(&a, cli);
    bool allow =
        mw_args_flag(cli->args, "allow-incomplete") || mw_config_bool(&a.setup.config, "allow_incomplete", false);
    int code = st != MW_OK ? mw_cli_fail(&err) : a.gaps && !allow ? MW_EXIT_INCOMPLETE : MW_EXIT_OK;

    mw_query_close(a.query);
    mw_store_close(a.store);
    mw_doc_builder_free(a.b);
    mw_buf_clear(&a.out);
    mw_arena_clear(&a.arena);
    mw_arena_clear(&a.lines);
    mw_model_pack_clear(&a.pack);
    mw_setup_clear(&a.setup);
    return code;
}

static const mw_option options[] = {
    {.name = "snapshot",
     .value = "SNAPSHOT",
     .help = "latest~1, a time, an id, a digest, or the beginning of one (default: latest)"},
    MW_AT_OPTION,
    {.name = "param", .value = "NAME=VALUE", .repeatable = true, .help = "Text for :NAME in the statement"},
    {.name = "schema", .help = "Print the views, or the columns of the view that is named"},
    {.name = "timeout", .value = "SECONDS", .help = "End a statement that runs longer (default: 60)"},
    {.name = "max-rows", .value = "N", .help = "End a statement that gives more rows (default: 10000000)"},
    {.name = "allow-incomplete", .help = "Do not exit 2 for what the snapshot does not have whole"},
    {.name = "output",
     .value = "FORMAT",
     .choices = "table|json|jsonl|csv",
     .env = "MOONWARD_OUTPUT",
     .help = "Format on stdout (default: table)"},
};

const mw_command mw_command_query = {
    .name = "query",
    .arguments = "SQL | --schema [VIEW]",
    .summary = "Read-only SQL over a stored snapshot",
    .description = "A view for each resource type (ec2_instance, s3_bucket), and resource, coverage, finding "
                   "and run; `--schema` lists "
                   "them. A member that AWS gives is a column under AWS's own name; `document` has all of "
                   "them as JSON, for "
                   "json_extract(), json_each() and ->>. Parameters are bound as text, never pasted in.\n\n"
                   "A value that could not be read is NULL, and its path and cause are in the column "
                   "`unknown`. When a view that the "
                   "statement used was not read whole, that is told on stderr, and the exit status is 2.\n\n"
                   "Exit status: 0 complete; 2 incomplete, or ended by a limit; 3 usage, SQL, or no such "
                   "snapshot.",
    .examples = "moonward query \"SELECT id, InstanceType, document->>'$.State.Name' FROM ec2_instance\"\n"
                "moonward query 'SELECT account, count(*) FROM s3_bucket WHERE region = :r GROUP BY 1' "
                "--param r=eu-west-1\n"
                "moonward query --schema s3_bucket\n",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = 1,
    .run = run,
};
