/*
 * Drafts in Lua. Every name that a draft reads comes from the service models, so that it exists; a value that the
 * models do not describe is only asked whether it is there. Drafts hold names of types, facets and members, which
 * are checked elsewhere, and the author's id and title, which are written as Lua strings.
 */
#include "report/skeleton.h"

#include "base/mem.h"
#include "base/str.h"
#include "report/lua_text.h"
#include "report/lua_types.h"

#include <stdio.h>
#include <string.h>

#define ID_MAX          100
#define MEMBERS_SHOWN   12
#define COMMENT_COLUMNS 100

enum pick_kind { PICK_ENUM, PICK_SWITCH, PICK_TEXT, PICK_NUMBER, PICK_LIST, PICK_ANY, PICK_NONE };

/* What the draft judges: a path in the resource and how its value is compared. */
struct pick {
    enum pick_kind kind;
    char path[256];
    const mw_shape *shape; /* of a list: of its elements, NULL where those are lists again or not known */
};

mw_status mw_skeleton_check_id(const char *what, const char *id, mw_error *err)
{
    size_t len = strlen(id);

    if (len > 0 && len <= ID_MAX && id[0] >= 'a' && id[0] <= 'z' &&
        strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == len)
        return MW_OK;
    return mw_fail(err, MW_ERR_INVALID,
                   "%s '%.120s': expected at most %d lower-case letters, digits and dashes, a letter first", what, id,
                   ID_MAX);
}

/* ---- choosing a member ---- */

static enum pick_kind kind_of(const mw_shape *s)
{
    switch (mw_shape_type_of(s)) {
    case MW_SHAPE_STRING: return mw_shape_enum_count(s) > 1 ? PICK_ENUM : PICK_TEXT;
    case MW_SHAPE_BOOLEAN: return PICK_SWITCH;
    case MW_SHAPE_INTEGER:
    case MW_SHAPE_LONG:
    case MW_SHAPE_FLOAT:
    case MW_SHAPE_DOUBLE: return PICK_NUMBER;
    case MW_SHAPE_LIST: return PICK_LIST;
    case MW_SHAPE_STRUCTURE: return PICK_NONE;
    default: return PICK_ANY;
    }
}

static bool taken(const char *name, const char *id_path)
{
    static const char *const envelope[] = {"id",        "arn",     "name", "type", "account", "region",
                                           "partition", "created", "tags", "doc",  "path",    "search"};
    size_t first = id_path ? strcspn(id_path, ".[") : 0;

    for (size_t i = 0; i < MW_COUNT(envelope); i++)
        if (strcmp(envelope[i], name) == 0)
            return true;
    return id_path && strlen(name) == first && strncmp(name, id_path, first) == 0;
}

/* The most telling member of a structure: of a few values, else yes or no, else a text, a number, a list. */
static bool pick_member(const mw_shape *s, const char *prefix, const char *id_path, int depth, struct pick *out)
{
    const mw_member *best = NULL;
    enum pick_kind best_kind = PICK_ANY;
    mw_typed at;

    for (size_t i = 0; i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        enum pick_kind kind = kind_of(mw_member_shape(m));
        if (kind < best_kind && !(prefix[0] == '\0' && taken(mw_member_name(m), id_path))) {
            best = m;
            best_kind = kind;
        }
    }
    for (size_t i = 0; (!best || best_kind > PICK_SWITCH) && depth > 0 && i < mw_shape_member_count(s); i++) {
        const mw_member *m = mw_shape_member_at(s, i);
        char below[128];
        struct pick inner;
        if (mw_shape_type_of(mw_member_shape(m)) != MW_SHAPE_STRUCTURE ||
            (prefix[0] == '\0' && taken(mw_member_name(m), id_path)) ||
            snprintf(below, sizeof(below), "%s%s%s", prefix, prefix[0] ? "." : "", mw_member_name(m)) >=
                (int)sizeof(below))
            continue;
        if (pick_member(mw_member_shape(m), below, id_path, depth - 1, &inner) && (!best || inner.kind < best_kind)) {
            *out = inner;
            return true;
        }
    }
    if (!best)
        return false;
    at = mw_shape_typed(mw_member_shape(best));
    *out = (struct pick){.kind = best_kind, .shape = at.lists > 1 ? NULL : at.shape};
    snprintf(out->path, sizeof(out->path), "%s%s%s", prefix, prefix[0] ? "." : "", mw_member_name(best));
    return true;
}

static struct pick choose(mw_typed v, const char *prefix, const char *id_path)
{
    struct pick out = {.kind = PICK_ANY};

    snprintf(out.path, sizeof(out.path), "%s", prefix);
    if (!v.shape)
        return out;
    if (v.lists > 0) {
        out.kind = PICK_LIST;
        out.shape = v.lists == 1 ? v.shape : NULL;
        return out;
    }
    out.shape = v.shape;
    out.kind = kind_of(v.shape);
    if (out.kind == PICK_NONE) {
        out.kind = PICK_ANY;
        pick_member(v.shape, prefix, id_path, 1, &out);
    }
    return out;
}

static bool facet_of(const mw_skeleton *s, const char *name, mw_facet_shape *out)
{
    for (size_t i = 0; i < mw_type_facet_count(s->type); i++) {
        *out = mw_type_facet_describe(s->type, i, s->models);
        if (mw_str_eq(out->name, name))
            return true;
    }
    return false;
}

/* Stands for a member where the models do not tell what an item has: the author puts the real one there. */
#define UNMODELLED "ExampleMember"

static struct pick choose_of(const mw_skeleton *s, const mw_facet_shape *facet)
{
    mw_typed also;
    struct pick p;

    if (facet && facet->metric && !facet->typed.lists) {
        p = (struct pick){.kind = PICK_NUMBER};
        snprintf(p.path, sizeof(p.path), "%s.Sum", facet->name);
        return p;
    }
    if (facet) {
        p = choose(facet->typed, facet->name, NULL);
        if (facet->metric)
            p.kind = PICK_LIST;
        return p;
    }
    p = choose(mw_type_item_shape(s->type, s->models, &also), "", mw_type_id_path(s->type));
    if (!p.path[0])
        p = (struct pick){.kind = PICK_ANY, .path = UNMODELLED};
    return p;
}

/* ---- values of tests ---- */

static const char *example_of(const mw_shape *s)
{
    switch (kind_of(s)) {
    case PICK_SWITCH: return "true";
    case PICK_NUMBER: return "1";
    case PICK_ENUM:
    case PICK_TEXT: return "\"value\"";
    default: return "{}";
    }
}

static void good_value(mw_buf *out, const struct pick *p)
{
    bool map = p->kind == PICK_ANY && p->shape && mw_shape_type_of(p->shape) == MW_SHAPE_MAP;
    const mw_shape *of = p->kind == PICK_LIST ? p->shape : NULL;

    switch (p->kind) {
    case PICK_ENUM: mw_lua_string(out, mw_shape_enum_at(p->shape, 0)); return;
    case PICK_SWITCH: mw_buf_puts(out, "true"); return;
    case PICK_TEXT: mw_buf_puts(out, "\"example\""); return;
    case PICK_NUMBER: mw_buf_puts(out, "1"); return;
    case PICK_LIST: mw_buf_puts(out, of && kind_of(of) <= PICK_TEXT ? "{ \"example\" }" : "{ {} }"); return;
    case PICK_ANY:
    case PICK_NONE:
        mw_buf_puts(out, "{ Example = ");
        mw_buf_puts(out, map ? example_of(mw_member_shape(mw_shape_value(p->shape))) : "\"value\"");
        mw_buf_puts(out, " }");
        return;
    }
}

static void bad_value(mw_buf *out, const struct pick *p)
{
    switch (p->kind) {
    case PICK_ENUM: mw_lua_string(out, mw_shape_enum_at(p->shape, 1)); return;
    case PICK_SWITCH: mw_buf_puts(out, "false"); return;
    case PICK_NUMBER: mw_buf_puts(out, "0"); return;
    case PICK_LIST: mw_buf_puts(out, "{}"); return;
    case PICK_TEXT:
    case PICK_ANY:
    case PICK_NONE: return; /* being absent is the only other value that is known */
    }
}

/* `, A = { B = VALUE }` for the path A.B. */
static void nested(mw_buf *out, const char *path, const char *value)
{
    size_t depth = 0;

    if (!value || !*value)
        return;
    mw_buf_puts(out, ", ");
    for (const char *at = path;;) {
        size_t len = strcspn(at, ".");
        mw_lua_key(out, at, len);
        mw_buf_puts(out, " = ");
        at += len;
        if (*at++ != '.')
            break;
        mw_buf_puts(out, "{ ");
        depth++;
    }
    mw_buf_puts(out, value);
    while (depth-- > 0)
        mw_buf_puts(out, " }");
}

static bool plain_path(const char *path)
{
    return path && *path &&
           strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == strlen(path);
}

static void test_case(mw_buf *out, const mw_skeleton *s, const char *name, const char *expect, const char *path,
                      const char *value)
{
    MW_AUTO(mw_buf) id = {.max = 4096};
    MW_AUTO(mw_buf) member = {.max = 4096};

    /* A computed id has no member to be put into: tests give such a resource one. */
    if (plain_path(mw_type_id_path(s->type)))
        nested(&id, mw_type_id_path(s->type), "\"example\"");
    nested(&member, path, value);
    mw_buf_printf(out, "  { name = \"%s\", expect = \"%s\",\n    resource = {%s", name, expect,
                  id.data ? id.data + 1 : "");
    if (member.len)
        mw_buf_printf(out, "%s%s%s", id.len ? "," : "",
                      id.len + member.len > COMMENT_COLUMNS ? "\n                " : "", member.data + 1);
    mw_buf_puts(out, " }");
    if (strcmp(path, UNMODELLED) == 0)
        mw_buf_puts(out, ",\n    unmodelled = { \"resource." UNMODELLED "\" }");
    mw_buf_puts(out, " },\n");
    if (out->failed == MW_OK)
        out->failed = id.failed ? id.failed : member.failed;
}

static void write_test(mw_buf *out, const mw_skeleton *s, const struct pick *p, const mw_facet_shape *facet)
{
    MW_AUTO(mw_buf) good = {.max = 4096};
    MW_AUTO(mw_buf) bad = {.max = 4096};
    MW_AUTO(mw_buf) denied = {.max = 4096};

    good_value(&good, p);
    bad_value(&bad, p);
    mw_buf_puts(
        out, "-- One case for each verdict that the rule can give: `moonward test` runs them without AWS.\nreturn {\n");
    test_case(out, s, "as it should be", "pass", p->path, good.data);
    if (bad.len)
        test_case(out, s, "not as it should be", "fail", p->path, bad.data);
    test_case(out, s, "not set at all", "fail", p->path, NULL);
    if (facet) {
        mw_buf_puts(&denied, "unknown(");
        mw_lua_string(&denied, facet->operation);
        mw_buf_puts(&denied, ", \"AccessDenied\")");
        test_case(out, s, "not allowed to look", "unknown", facet->name, denied.data);
    }
    mw_buf_puts(out, "}\n");
}

/* ---- the rule ---- */

/* AWS::EC2::SecurityGroup: security_group; a name that would hide one of Lua's or ours: r. */
static void variable_of(const mw_type *t, char *out, size_t size)
{
    const char *last = strrchr(mw_type_name(t), ':');
    size_t n = 0;

    for (const char *p = last ? last + 1 : ""; *p && n + 2 < size; p++) {
        bool upper = *p >= 'A' && *p <= 'Z';
        if (upper && n > 0 && !(p[-1] >= 'A' && p[-1] <= 'Z'))
            out[n++] = '_';
        out[n++] = (char)(upper ? *p + ('a' - 'A') : *p);
    }
    out[n] = '\0';
    if (!mw_lua_is_name(out, n) || mw_lua_is_known(out))
        snprintf(out, size, "r");
}

static void title_of(const mw_skeleton *s, mw_buf *out)
{
    size_t start = out->len;

    mw_buf_puts(out, s->title ? s->title : s->id);
    if (s->title || out->failed != MW_OK)
        return;
    for (char *p = out->data + start; *p; p++)
        if (*p == '-')
            *p = ' ';
    if (out->data[start] >= 'a' && out->data[start] <= 'z')
        out->data[start] = (char)(out->data[start] - ('a' - 'A'));
}

/* One of a list in a comment that is broken at blanks. */
static void word(mw_buf *out, size_t *columns, const char *name, bool more)
{
    size_t len = strlen(name) + 2;

    if (*columns == 0 || *columns + len > COMMENT_COLUMNS) {
        mw_buf_puts(out, *columns ? "\n    --  " : "    --  ");
        *columns = 8;
    }
    mw_buf_printf(out, " %s%s", name, more ? "," : "");
    *columns += len;
}

static void members_comment(mw_buf *out, const mw_facet_shape *facet)
{
    const mw_shape *s = facet->typed.shape;
    size_t n, columns = 0;

    mw_buf_printf(out, "    -- %s comes from %s", facet->name, facet->operation);
    if (facet->parse)
        mw_buf_puts(out, strcmp(facet->parse, "json") == 0 ? ", JSON that is decoded already" : ", rows by column");
    else if (facet->metric)
        mw_buf_printf(out, " and %s Sum, Average, Maximum, Minimum (nil without a point) and Datapoints",
                      facet->typed.lists ? "each element has" : "has");
    else if (s && mw_shape_type_of(s) == MW_SHAPE_STRUCTURE && (n = mw_shape_member_count(s)) > 0) {
        mw_buf_puts(out, facet->typed.lists ? "; each element has" : " and has");
        mw_buf_putc(out, '\n');
        for (size_t i = 0; i < n && i < MEMBERS_SHOWN; i++)
            word(out, &columns, mw_member_name(mw_shape_member_at(s, i)), i + 1 < n);
        if (n > MEMBERS_SHOWN)
            word(out, &columns, "…", false);
        mw_buf_puts(out, "\n");
        return;
    }
    mw_buf_puts(out, ".\n");
}

static void condition(mw_buf *out, const struct pick *p)
{
    switch (p->kind) {
    case PICK_ENUM:
        mw_buf_puts(out, "value == ");
        mw_lua_string(out, mw_shape_enum_at(p->shape, 0));
        return;
    case PICK_SWITCH: mw_buf_puts(out, "value == true"); return;
    case PICK_NUMBER: mw_buf_puts(out, "value ~= nil and value > 0"); return;
    case PICK_LIST: mw_buf_puts(out, "value ~= nil and #value > 0"); return;
    case PICK_TEXT:
    case PICK_ANY:
    case PICK_NONE: mw_buf_puts(out, "value ~= nil"); return;
    }
}

static void values_comment(mw_buf *out, const struct pick *p)
{
    size_t n = p->kind == PICK_ENUM ? mw_shape_enum_count(p->shape) : 0, columns = 0;

    if (n == 0)
        return;
    mw_buf_printf(out, "    -- %s is one of\n", p->path);
    for (size_t i = 0; i < n && i < MEMBERS_SHOWN; i++)
        word(out, &columns, mw_shape_enum_at(p->shape, i), i + 1 < n);
    if (n > MEMBERS_SHOWN)
        word(out, &columns, "…", false);
    mw_buf_putc(out, '\n');
}

static void write_rule(mw_buf *out, const mw_skeleton *s, const struct pick *p)
{
    MW_AUTO(mw_buf) title = {.max = 4096};
    char variable[64];
    mw_facet_shape facet;

    variable_of(s->type, variable, sizeof(variable));
    title_of(s, &title);
    mw_buf_puts(out, "--- ");
    mw_lua_comment(out, title.data ? title.data : "");
    mw_buf_puts(out,
                ".\n-- Say here why it matters, in one or two sentences: the reference and the reports show them.\n"
                "return rule {\n  id = ");
    mw_lua_string(out, s->id);
    mw_buf_puts(out, ",\n  title = ");
    mw_lua_string(out, title.data ? title.data : "");
    mw_buf_puts(out, ",\n  severity = \"medium\", pillar = \"security\",\n  resource = ");
    mw_lua_string(out, mw_type_name(s->type));
    if (s->facet_count) {
        mw_buf_puts(out, ",\n  needs = { ");
        for (size_t i = 0; i < s->facet_count; i++) {
            mw_buf_puts(out, i ? ", " : "");
            mw_lua_string(out, s->facets[i]);
        }
        mw_buf_puts(out, " }");
    }
    mw_buf_printf(out, ",\n  ---@param %s ", variable);
    mw_lua_types_class(out, s->type);
    mw_buf_printf(out, "\n  check = function(%s)\n", variable);
    for (size_t i = 0; i < s->facet_count; i++)
        if (facet_of(s, s->facets[i], &facet))
            members_comment(out, &facet);
    values_comment(out, p);
    mw_buf_printf(out, "    local value = %s:path(\"%s\")\n    if ", variable, p->path);
    condition(out, p);
    mw_buf_puts(out, " then return pass() end\n    return fail(\"");
    if (p->kind == PICK_LIST)
        mw_buf_printf(out, "%s is empty\")\n", p->path);
    else if (p->kind >= PICK_ANY || p->kind == PICK_TEXT)
        mw_buf_printf(out, "%s is not set\")\n", p->path);
    else
        mw_buf_printf(out, "%s is %%s\", tostring(value))\n", p->path);
    mw_buf_puts(out, "  end,\n}\n");
}

mw_status mw_skeleton_rule(const mw_skeleton *s, mw_buf *rule, mw_buf *test, mw_error *err)
{
    mw_facet_shape facet;
    bool has = s->facet_count > 0 && facet_of(s, s->facets[0], &facet);
    struct pick p = choose_of(s, has ? &facet : NULL);
    mw_status st = mw_skeleton_check_id("rule", s->id, err);

    if (st != MW_OK)
        return st;
    write_rule(rule, s, &p);
    write_test(test, s, &p, has ? &facet : NULL);
    st = mw_buf_status(rule, err);
    return st == MW_OK ? mw_buf_status(test, err) : st;
}

/* ---- remediation and audit ---- */

mw_status mw_skeleton_remediation(const mw_skeleton *s, const char *rule, mw_buf *out, mw_error *err)
{
    MW_AUTO(mw_buf) title = {.max = 4096};
    char variable[64];
    mw_status st = mw_skeleton_check_id("remediation", s->id, err);

    if (st != MW_OK)
        return st;
    variable_of(s->type, variable, sizeof(variable));
    title_of(s, &title);
    mw_buf_puts(out, "--- ");
    mw_lua_comment(out, title.data ? title.data : "");
    mw_buf_printf(
        out,
        ".\n"
        "-- A remediation returns the API calls to make and their inverses; it makes none itself. `moonward plan`\n"
        "-- shows them, `moonward apply` sends what was reviewed, `moonward undo` takes it back.\n"
        "-- Each call must be named in `calls`: nothing else can be planned.\n"
        "return remediation {\n  id = ");
    mw_lua_string(out, s->id);
    mw_buf_puts(out, ",\n  resource = ");
    mw_lua_string(out, mw_type_name(s->type));
    mw_buf_puts(out, ",\n  fixes = { ");
    mw_lua_string(out, rule);
    mw_buf_printf(out,
                  " },\n  risk = \"R1\",\n  calls = {},\n  plan = function(%s, ctx)\n"
                  "    ctx.log(\"nothing is planned for %%s yet\", %s.id)\n"
                  "    return {\n"
                  "      -- step { call = \"service:Operation\", params = { … },\n"
                  "      --        undo = { call = \"service:Operation\", params = { … } } },\n"
                  "    }\n  end,\n}\n",
                  variable, variable);
    return mw_buf_status(out, err);
}

mw_status mw_skeleton_audit(const char *name, const char *path, mw_buf *out, mw_error *err)
{
    mw_status st = mw_skeleton_check_id("audit", name, err);

    if (st != MW_OK)
        return st;
    mw_buf_printf(out,
                  "--- %s: say here what question it answers.\n"
                  "-- It runs once for each account and region, and only reads: moonward audit %s --region 'eu-*'\n"
                  "columns { \"vpc\", \"cidr\", \"default\" }\n\n"
                  "for vpc in aws.items(\"ec2:DescribeVpcs\") do\n"
                  "  emit { vpc = vpc.VpcId, cidr = vpc.CidrBlock, default = vpc.IsDefault }\n"
                  "end\n",
                  name, path);
    return mw_buf_status(out, err);
}
