/*
 * `moonward models list|show|compile`: which services and operations there are, what an operation takes
 * and gives, and making a pack from another botocore. Relies on the pack's reader for all facts.
 */
#include "cli/models.h"

#include "aws/client.h"
#include "aws/waiter.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/commands.h"
#include "report/term.h"

#include <string.h>

#define PACK_MAX       ((size_t)256 << 20)
#define OUTPUT_MAX     ((size_t)64 << 20)
#define SERVICES_MAX   1024
#define TREE_DEPTH_MAX 32
#define TREE_LINES_MAX 4000 /* the largest input of the models has some 1,000 members once each */

/* ---- which pack ---- */

mw_status mw_model_pack_open(const mw_args *args, mw_model_pack *out, mw_error *err)
{
    const char *path = mw_args_get(args, "models");
    mw_status st;

    *out = (mw_model_pack){0};
    if (!path)
        return mw_models_builtin(&out->models, err);
    if ((st = mw_models_open_file(path, &out->opened, err)) != MW_OK)
        return mw_error_prefix(err, st, "%s", mw_args_origin(args, "models"));
    out->models = out->opened;
    return MW_OK;
}

void mw_model_pack_clear(mw_model_pack *p)
{
    mw_models_free(p->opened);
    *p = (mw_model_pack){0};
}

/* ---- what is shared ---- */

/** What a run builds: a document, and either that or text of its own. */
typedef struct view {
    mw_model_pack pack;
    mw_doc_builder *b;
    mw_buf out;
    bool text;
} view;

static void view_clear(view *v)
{
    mw_doc_builder_free(v->b);
    mw_buf_clear(&v->out);
    mw_model_pack_clear(&v->pack);
}

static mw_status view_open(view *v, const mw_cli *cli, mw_error *err)
{
    const char *format = mw_args_get(cli->args, "output");
    mw_status st;

    *v = (view){.out = {.max = OUTPUT_MAX}};
    v->text = !mw_str_eq(format, "json");
    if ((st = mw_model_pack_open(cli->args, &v->pack, err)) != MW_OK)
        return st;
    return mw_doc_builder_new(NULL, &v->b, err);
}

/* Text is made neutral here, whole: a pack of the user's may name its shapes as it likes. */
static int view_print(view *v, mw_status st, mw_error *err)
{
    MW_AUTO(mw_buf) neutral = {.max = OUTPUT_MAX};

    if (st == MW_OK && !v->text)
        st = mw_cli_json(v->b, &v->out, err);
    if (st == MW_OK)
        st = mw_buf_status(&v->out, err);
    if (st == MW_OK && mw_term_bytes(&neutral, v->out.data, v->out.len, true) != MW_OK)
        st = mw_buf_status(&neutral, err);
    return st == MW_OK ? mw_cli_print(neutral.data, neutral.len, MW_EXIT_OK) : mw_cli_fail(err);
}

static const char *protocol_name(mw_protocol p)
{
    static const char *const names[] = {
        [MW_PROTO_JSON] = "json",         [MW_PROTO_REST_JSON] = "rest-json",
        [MW_PROTO_REST_XML] = "rest-xml", [MW_PROTO_QUERY] = "query",
        [MW_PROTO_EC2] = "ec2",           [MW_PROTO_CBOR] = "smithy-rpc-v2-cbor",
    };

    return (size_t)p < MW_COUNT(names) ? names[p] : "unknown";
}

static mw_status find_service(const mw_models *m, const char *name, const mw_service **out, mw_error *err)
{
    const char *names[SERVICES_MAX], *near;
    size_t n = 0;

    *out = mw_models_service(m, name);
    if (*out)
        return MW_OK;
    for (size_t i = 0; i < mw_models_service_count(m) && n < SERVICES_MAX; i++)
        names[n++] = mw_service_name(mw_models_service_at(m, i));
    near = mw_nearest(name, names, n);
    if (near)
        return mw_fail(err, MW_ERR_NOTFOUND, "no service '%s' in the models, did you mean '%s'?", name, near);
    return mw_fail(err, MW_ERR_NOTFOUND,
                   "no service '%s' in the models (botocore %s); `moonward models list` shows them", name,
                   mw_models_botocore_version(m));
}

static bool paginated(const mw_operation *op)
{
    return mw_service_paginator(mw_operation_service(op), mw_operation_name(op)) != MW_VAL_ABSENT;
}

/* ---- list ---- */

static int run_list(mw_cli *cli)
{
    const char *pattern = mw_args_positional(cli->args, 0);
    MW_AUTO(view) v = {0};
    mw_error err = {0};
    mw_status st = view_open(&v, cli, &err);
    size_t shown = 0, count = st == MW_OK ? mw_models_service_count(v.pack.models) : 0;

    if (st == MW_OK)
        mw_doc_begin_array(v.b);
    for (size_t i = 0; i < count; i++) {
        const mw_service *s = mw_models_service_at(v.pack.models, i);
        const char *protocol = protocol_name(mw_service_protocol(s));

        if (pattern && !mw_glob_match(pattern, mw_service_name(s)))
            continue;
        shown++;
        mw_doc_begin_object(v.b);
        mw_doc_member_str(v.b, "name", mw_service_name(s));
        mw_doc_member_str(v.b, "id", mw_service_id(s));
        mw_doc_member_str(v.b, "protocol", protocol);
        mw_doc_member_str(v.b, "api_version", mw_service_api_version(s));
        mw_doc_member_int(v.b, "operations", (int64_t)mw_service_operation_count(s));
        mw_doc_end_object(v.b);
        if (v.text) {
            mw_buf_printf(&v.out, "%-40s  %-18s  %4zu  %s\n", mw_service_name(s), protocol,
                          mw_service_operation_count(s), mw_service_id(s));
        }
    }
    if (st == MW_OK)
        mw_doc_end_array(v.b);
    if (st == MW_OK && pattern && shown == 0) {
        const mw_service *s;

        if ((st = find_service(v.pack.models, pattern, &s, &err)) == MW_OK)
            st = mw_fail(&err, MW_ERR_NOTFOUND, "no service '%s' in the models", pattern);
    }
    return view_print(&v, st, &err);
}

/* ---- show SERVICE ---- */

static void show_service(view *v, const mw_service *s)
{
    size_t n = mw_service_operation_count(s), width = 9;

    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(mw_operation_name(mw_service_operation_at(s, i)));
        width = len > width ? len : width;
    }
    mw_doc_begin_object(v->b);
    mw_doc_member_str(v->b, "name", mw_service_name(s));
    mw_doc_member_str(v->b, "id", mw_service_id(s));
    mw_doc_member_str(v->b, "protocol", protocol_name(mw_service_protocol(s)));
    mw_doc_member_str(v->b, "api_version", mw_service_api_version(s));
    mw_doc_member_str(v->b, "endpoint_prefix", mw_service_endpoint_prefix(s));
    mw_doc_member_str(v->b, "signing_name", mw_service_signing_name(s));
    mw_doc_ckey(v->b, "operations");
    mw_doc_begin_array(v->b);
    for (size_t i = 0; i < n; i++) {
        const mw_operation *op = mw_service_operation_at(s, i);
        bool reads = mw_operation_read_only(op), pages = paginated(op);

        mw_doc_begin_object(v->b);
        mw_doc_member_str(v->b, "name", mw_operation_name(op));
        mw_doc_member_bool(v->b, "read_only", reads);
        mw_doc_member_bool(v->b, "paginated", pages);
        mw_doc_member_bool(v->b, "deprecated", mw_operation_deprecated(op));
        mw_doc_end_object(v->b);
        if (v->text) {
            mw_buf_printf(&v->out, "%-*s  %s%s%s\n", (int)width, mw_operation_name(op),
                          reads ? "read-only" : "mutating", pages ? ", paginated" : "",
                          mw_operation_deprecated(op) ? ", deprecated" : "");
        }
    }
    mw_doc_end_array(v->b);
    mw_doc_end_object(v->b);
}

/* ---- show SERVICE OPERATION ---- */

static const char *type_name(const mw_shape *s)
{
    static const char *const names[] = {
        [MW_SHAPE_STRUCTURE] = "structure", [MW_SHAPE_LIST] = "list",           [MW_SHAPE_MAP] = "map",
        [MW_SHAPE_STRING] = "string",       [MW_SHAPE_INTEGER] = "integer",     [MW_SHAPE_LONG] = "long",
        [MW_SHAPE_FLOAT] = "float",         [MW_SHAPE_DOUBLE] = "double",       [MW_SHAPE_BOOLEAN] = "boolean",
        [MW_SHAPE_BLOB] = "blob",           [MW_SHAPE_TIMESTAMP] = "timestamp",
    };

    return mw_shape_document(s) ? "document" : mw_shape_union(s) ? "union" : names[mw_shape_type_of(s)];
}

static const char *location_name(mw_location l)
{
    static const char *const names[] = {
        [MW_LOC_BODY] = NULL,       [MW_LOC_URI] = "in the path", [MW_LOC_QUERYSTRING] = "in the query",
        [MW_LOC_HEADER] = "header", [MW_LOC_HEADERS] = "headers", [MW_LOC_STATUS_CODE] = "the status",
    };

    return names[l];
}

/** Shapes on the way down, so that one that holds itself ends. */
typedef struct tree {
    view *v;
    const mw_shape *way[TREE_DEPTH_MAX];
    size_t depth, lines;
} tree;

static bool on_the_way(const tree *t, const mw_shape *s)
{
    for (size_t i = 0; i < t->depth; i++)
        if (t->way[i] == s)
            return true;
    return false;
}

static void add_enum(mw_doc_builder *b, const mw_shape *s)
{
    mw_doc_ckey(b, "enum");
    mw_doc_begin_array(b);
    for (size_t i = 0; i < mw_shape_enum_count(s); i++)
        mw_doc_add_cstr(b, mw_shape_enum_at(s, i));
    mw_doc_end_array(b);
}

static void text_enum(mw_buf *out, const mw_shape *s)
{
    size_t n = mw_shape_enum_count(s);

    for (size_t i = 0; i < n && i < 8; i++)
        mw_buf_printf(out, "%s%s", i ? "|" : " ", mw_shape_enum_at(s, i));
    if (n > 8)
        mw_buf_printf(out, "|… (%zu)", n);
}

/* `list of string`, `map of string to structure Tag`: what a line says of a type. */
static void text_type(mw_buf *out, const mw_shape *s, unsigned depth)
{
    mw_buf_puts(out, type_name(s));
    if (mw_shape_type_of(s) == MW_SHAPE_STRUCTURE)
        mw_buf_printf(out, " %s", mw_shape_name(s));
    if (depth >= 8) /* lists of lists: the models have three at most */
        return;
    if (mw_shape_type_of(s) == MW_SHAPE_LIST) {
        mw_buf_puts(out, " of ");
        text_type(out, mw_member_shape(mw_shape_element(s)), depth + 1);
    } else if (mw_shape_type_of(s) == MW_SHAPE_MAP) {
        mw_buf_puts(out, " of string to ");
        text_type(out, mw_member_shape(mw_shape_value(s)), depth + 1);
    }
    text_enum(out, s);
}

static void walk(tree *t, const mw_shape *s);

/* The structure below lists and maps, whose members a line is followed by. */
static const mw_shape *innermost(const mw_shape *s)
{
    for (unsigned i = 0; i < TREE_DEPTH_MAX; i++) {
        if (mw_shape_type_of(s) == MW_SHAPE_LIST)
            s = mw_member_shape(mw_shape_element(s));
        else if (mw_shape_type_of(s) == MW_SHAPE_MAP)
            s = mw_member_shape(mw_shape_value(s));
        else
            break;
    }
    return s;
}

static void text_member(tree *t, const mw_member *m)
{
    const char *where = location_name(mw_member_location(m));
    mw_buf *out = &t->v->out;

    mw_buf_printf(out, "%*s%s%s  ", (int)(2 * t->depth), "", mw_member_name(m), mw_member_required(m) ? "*" : "");
    text_type(out, mw_member_shape(m), 0);
    if (where)
        mw_buf_printf(out, "  (%s%s%s)", where, mw_member_location_name(m) ? " " : "",
                      mw_member_location_name(m) ? mw_member_location_name(m) : "");
    if (mw_member_streaming(m))
        mw_buf_puts(out, "  (streamed)");
    if (mw_member_idempotency_token(m))
        mw_buf_puts(out, "  (made when absent)");
    if (on_the_way(t, innermost(mw_member_shape(m))))
        mw_buf_puts(out, "  (as above)");
    mw_buf_putc(out, '\n');
}

/* One description for a member: type, flags, and what it holds; the same facts as the text. */
static void add_shape(tree *t, const mw_shape *s)
{
    mw_doc_builder *b = t->v->b;

    mw_doc_member_str(b, "type", type_name(s));
    if (mw_shape_enum_count(s) > 0)
        add_enum(b, s);
    if (mw_shape_type_of(s) == MW_SHAPE_LIST || mw_shape_type_of(s) == MW_SHAPE_MAP) {
        bool list = mw_shape_type_of(s) == MW_SHAPE_LIST;

        mw_doc_ckey(b, list ? "element" : "value");
        mw_doc_begin_object(b);
        if (t->depth < TREE_DEPTH_MAX) {
            t->way[t->depth++] = s;
            add_shape(t, mw_member_shape(list ? mw_shape_element(s) : mw_shape_value(s)));
            t->depth--;
        }
        mw_doc_end_object(b);
    } else if (mw_shape_type_of(s) == MW_SHAPE_STRUCTURE) {
        mw_doc_member_str(b, "shape", mw_shape_name(s));
        if (on_the_way(t, s)) {
            mw_doc_member_bool(b, "recursive", true);
            return;
        }
        mw_doc_ckey(b, "members");
        mw_doc_begin_object(b);
        walk(t, s);
        mw_doc_end_object(b);
    }
}

static void walk_member(tree *t, const mw_member *m)
{
    const char *where = location_name(mw_member_location(m));
    const mw_shape *inner = innermost(mw_member_shape(m));
    mw_doc_builder *b = t->v->b;

    if (t->v->text) {
        text_member(t, m);
        if (mw_shape_type_of(inner) == MW_SHAPE_STRUCTURE && !on_the_way(t, inner))
            walk(t, inner);
        return;
    }
    mw_doc_ckey(b, mw_member_name(m));
    mw_doc_begin_object(b);
    mw_doc_member_bool(b, "required", mw_member_required(m));
    if (where)
        mw_doc_member_str(b, "location", where);
    add_shape(t, mw_member_shape(m));
    mw_doc_end_object(b);
}

static void walk(tree *t, const mw_shape *s)
{
    size_t n = mw_shape_member_count(s);

    if (t->depth >= TREE_DEPTH_MAX)
        return;
    t->way[t->depth++] = s;
    for (size_t i = 0; i < n && t->lines < TREE_LINES_MAX; i++) {
        if (++t->lines == TREE_LINES_MAX && t->v->text)
            mw_buf_printf(&t->v->out, "%*s…\n", (int)(2 * t->depth), "");
        else
            walk_member(t, mw_shape_member_at(s, i));
    }
    t->depth--;
}

static void show_side(view *v, const char *name, const mw_shape *s)
{
    tree t = {.v = v};

    if (v->text) {
        mw_buf_printf(&v->out, "\n%s  %s\n", name, s ? mw_shape_name(s) : "nothing");
        if (s)
            walk(&t, s);
        return;
    }
    mw_doc_ckey(v->b, name);
    if (!s) {
        mw_doc_add_null(v->b);
        return;
    }
    mw_doc_begin_object(v->b);
    add_shape(&t, s);
    mw_doc_end_object(v->b);
}

static void show_paginator(view *v, const mw_operation *op)
{
    const mw_doc *d = mw_models_doc(v->pack.models);
    mw_val p = mw_service_paginator(mw_operation_service(op), mw_operation_name(op));

    if (!v->text) {
        mw_doc_ckey(v->b, "paginator");
        if (p == MW_VAL_ABSENT)
            mw_doc_add_null(v->b);
        else
            mw_doc_add_copy(v->b, d, p);
    } else if (p != MW_VAL_ABSENT) {
        mw_buf_puts(&v->out, "paginator  ");
        mw_json_write(&v->out, d, p, MW_JSON_COMPACT);
        mw_buf_putc(&v->out, '\n');
    }
}

static void show_waiters(view *v, const mw_operation *op)
{
    const mw_doc *d = mw_models_doc(v->pack.models);
    mw_val waiters = mw_service_waiters(mw_operation_service(op)), key, w;
    bool first = true;

    mw_doc_ckey(v->b, "waiters");
    mw_doc_begin_array(v->b);
    for (size_t i = 0; i < mw_val_len(d, waiters); i++) {
        MW_AUTO(mw_buf) name = {0};

        w = mw_val_member(d, waiters, i, &key);
        if (!mw_str_eq(mw_val_get_str(d, w, "operation", ""), mw_operation_name(op)) ||
            mw_waiter_snake_name(&name, mw_val_str(d, key, NULL)) != MW_OK)
            continue;
        mw_doc_add_str(v->b, name.data, name.len);
        if (v->text)
            mw_buf_printf(&v->out, "%s%s", first ? "waiters    " : ", ", name.data);
        first = false;
    }
    mw_doc_end_array(v->b);
    if (v->text && !first)
        mw_buf_putc(&v->out, '\n');
}

static void show_operation(view *v, const mw_operation *op)
{
    const mw_service *s = mw_operation_service(op);
    const char *protocol = protocol_name(mw_service_protocol(s));
    const char *auth = mw_operation_auth_type(op);

    mw_doc_begin_object(v->b);
    mw_doc_member_str(v->b, "service", mw_service_name(s));
    mw_doc_member_str(v->b, "name", mw_operation_name(op));
    mw_doc_member_str(v->b, "protocol", protocol);
    mw_doc_member_str(v->b, "method", mw_operation_method(op));
    mw_doc_member_str(v->b, "uri", mw_operation_uri(op));
    mw_doc_member_bool(v->b, "read_only", mw_operation_read_only(op));
    mw_doc_member_bool(v->b, "deprecated", mw_operation_deprecated(op));
    if (auth)
        mw_doc_member_str(v->b, "auth", auth);
    if (v->text) {
        mw_buf_printf(&v->out, "%s:%s  %s%s%s%s\n", mw_service_name(s), mw_operation_name(op),
                      mw_operation_read_only(op) ? "read-only" : "mutating",
                      mw_operation_deprecated(op) ? ", deprecated" : "", auth ? ", auth " : "", auth ? auth : "");
        mw_buf_printf(&v->out, "wire       %s, %s %s\n", protocol, mw_operation_method(op), mw_operation_uri(op));
    }
    show_paginator(v, op);
    show_waiters(v, op);
    show_side(v, "input", mw_operation_input(op));
    show_side(v, "output", mw_operation_output(op));
    if (v->text)
        mw_buf_puts(&v->out, "\n* required\n");
    mw_doc_end_object(v->b);
}

static int run_show(mw_cli *cli)
{
    const char *name = mw_args_positional(cli->args, 1);
    const mw_service *s = NULL;
    const mw_operation *op = NULL;
    MW_AUTO(view) v = {0};
    mw_error err = {0};
    mw_status st;

    if ((st = view_open(&v, cli, &err)) != MW_OK ||
        (st = find_service(v.pack.models, mw_args_positional(cli->args, 0), &s, &err)) != MW_OK)
        return mw_cli_fail(&err);
    if (name && (st = mw_client_operation(v.pack.models, mw_service_name(s), name, &op, &err)) != MW_OK)
        return mw_cli_fail(&err);
    if (op)
        show_operation(&v, op);
    else
        show_service(&v, s);
    return view_print(&v, st, &err);
}

/* ---- compile ---- */

static int run_compile(mw_cli *cli)
{
    const char *from = mw_args_get(cli->args, "botocore");
    const char *to = mw_args_get(cli->args, "output");
    MW_AUTO(mw_buf) pack = {.max = PACK_MAX}, said = {0};
    mw_models *m = NULL;
    mw_error err = {0};

    if (!from || !to) {
        mw_fail(&err, MW_ERR_INVALID, "models compile: --botocore DIR and --output FILE are needed");
        return mw_cli_fail(&err);
    }
    /* opened before it is written: no file that the reader refuses is left behind */
    if (mw_models_compile_tree(from, mw_args_get(cli->args, "botocore-version"), &pack, &err) != MW_OK ||
        mw_models_open(pack.data, pack.len, &m, &err) != MW_OK ||
        mw_file_write_atomic(to, pack.data, pack.len, 0644, &err) != MW_OK) {
        mw_models_free(m);
        return mw_cli_fail(&err);
    }
    mw_buf_printf(&said, "%zu services of botocore %s, %zu bytes: ", mw_models_service_count(m),
                  mw_models_botocore_version(m), pack.len);
    mw_term_text(&said, to);
    mw_buf_putc(&said, '\n');
    mw_models_free(m);
    return mw_cli_print(said.data, said.len, MW_EXIT_OK);
}

static const mw_option options[] = {
    {.name = "output",
     .value = "FORMAT",
     .choices = "text|json",
     .env = "MOONWARD_OUTPUT",
     .help = "Format (default: text)"},
};

static const mw_option compile_options[] = {
    {.name = "botocore", .value = "DIR", .help = "botocore's package or data folder"},
    {.name = "output", .value = "FILE", .help = "Pack to write"},
    {.name = "botocore-version",
     .value = "VERSION",
     .help = "Version to note in the pack (default: what stands beside the folder)"},
};

const mw_command mw_command_models_list = {
    .name = "models list",
    .arguments = "[PATTERN]",
    .summary = "List the AWS services that can be called",
    .options = options,
    .option_count = MW_COUNT(options),
    .max_args = 1,
    .run = run_list,
};

const mw_command mw_command_models_show = {
    .name = "models show",
    .arguments = "SERVICE [OPERATION]",
    .summary = "Show a service's operations, or what one takes and gives",
    .examples = "moonward models show ec2\n"
                "moonward models show ec2 DescribeInstances",
    .options = options,
    .option_count = MW_COUNT(options),
    .min_args = 1,
    .max_args = 2,
    .run = run_show,
};

const mw_command mw_command_models_compile = {
    .name = "models compile",
    .summary = "Make a pack of service models from a botocore, for --models",
    .examples = "moonward models compile --botocore /usr/lib/python3/dist-packages/botocore "
                "--output models.pack\n"
                "moonward call --models models.pack sts GetCallerIdentity",
    .options = compile_options,
    .option_count = MW_COUNT(compile_options),
    .run = run_compile,
};
