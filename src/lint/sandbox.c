/*
 * The tables behind lint/sandbox.h, as docs/reference/lua-api.md has them; a test holds them
 * against the VM's own. Data only.
 */
#include "lint/sandbox.h"

#include "base/mem.h"

static const char *const base[] = {"arn",   "assert",   "error",    "ipairs", "math",    "next",   "pairs",
                                   "pcall", "rawequal", "rawget",   "rawlen", "require", "select", "string",
                                   "table", "tonumber", "tostring", "try",    "type",    "utf8"};
static const char *const of_rules[] = {"fail", "not_applicable", "pass", "rule", "unknown"};
static const char *const of_remediations[] = {"fail",        "not_applicable", "pass",   "ref",
                                              "remediation", "step",           "unknown"};
static const char *const of_tests[] = {"unknown"};
static const char *const of_audits[] = {"args", "aws", "columns", "emit", "inventory", "json", "print"};

static const struct {
    const char *const *names;
    size_t count;
} by_kind[] = {[FILE_RULE] = {of_rules, MW_COUNT(of_rules)},
               [FILE_REMEDIATION] = {of_remediations, MW_COUNT(of_remediations)},
               [FILE_TEST] = {of_tests, MW_COUNT(of_tests)},
               [FILE_AUDIT] = {of_audits, MW_COUNT(of_audits)}};

static const char *const in_string[] = {"byte",    "char",  "find",  "format", "gmatch",   "gsub",
                                        "len",     "lower", "match", "pack",   "packsize", "rep",
                                        "reverse", "split", "sub",   "trim",   "unpack",   "upper"};
static const char *const in_table[] = {"concat", "insert", "remove", "sort", "unpack"};
static const char *const in_math[] = {"abs",  "ceil", "cos",  "deg",        "exp", "floor",      "fmod",
                                      "huge", "log",  "max",  "maxinteger", "min", "mininteger", "modf",
                                      "pi",   "rad",  "sin",  "sqrt",       "tan", "tointeger",  "type",
                                      "ult",  "acos", "asin", "atan"};
static const char *const in_utf8[] = {"char", "charpattern", "codepoint", "codes", "len", "offset"};

static const struct {
    const char *name;
    const char *const *members;
    size_t count;
} libraries[] = {{"string", in_string, MW_COUNT(in_string)},
                 {"table", in_table, MW_COUNT(in_table)},
                 {"math", in_math, MW_COUNT(in_math)},
                 {"utf8", in_utf8, MW_COUNT(in_utf8)}};

static const struct {
    const char *name, *instead;
} missing[] = {
    {"os", "the time is ctx.now (aws.now in audits), and there is no environment"},
    {"io", "there are no files; what a script needs to know is a parameter or a facet"},
    {"debug", "there is no debug library"},
    {"package", "only Moonward's own modules can be required"},
    {"coroutine", "there are no coroutines; use a function"},
    {"load", "there is no code from text"},
    {"loadstring", "there is no code from text"},
    {"loadfile", "there is no code from text; require a module"},
    {"dofile", "there is no code from text; require a module"},
    {"xpcall", "use pcall, or try for what is unknown"},
    {"setmetatable", "there are no metatables; use plain tables and functions"},
    {"getmetatable", "there are no metatables"},
    {"rawset", "assign to the table"},
    {"collectgarbage", "memory is not for scripts to manage"},
    {"_G", "globals have no table; name the function itself"},
    {"print", "use ctx.log"},
};

bool mw__lint_sandbox_global(file_kind kind, mw_str name)
{
    return mw_lua_one_of(name, base, MW_COUNT(base)) || mw_lua_one_of(name, by_kind[kind].names, by_kind[kind].count);
}

const char *mw__lint_sandbox_missing(mw_str name)
{
    for (size_t i = 0; i < MW_COUNT(missing); i++)
        if (mw_lua_is(name, missing[i].name))
            return missing[i].instead;
    return NULL;
}

const char *const *mw__lint_sandbox_library(mw_str name, size_t *count)
{
    for (size_t i = 0; i < MW_COUNT(libraries); i++) {
        if (mw_lua_is(name, libraries[i].name)) {
            *count = libraries[i].count;
            return libraries[i].members;
        }
    }
    *count = 0;
    return NULL;
}

const char **mw__lint_sandbox_names(file *f, size_t *count)
{
    const char **out = mw_arena_alloc(f->arena, (MW_COUNT(base) + by_kind[f->kind].count + 1) * sizeof(*out));

    *count = 0;
    if (!out) {
        mw__lint_out_of_memory(f->lint);
        return NULL;
    }
    for (size_t i = 0; i < MW_COUNT(base); i++)
        out[(*count)++] = base[i];
    for (size_t i = 0; i < by_kind[f->kind].count; i++)
        out[(*count)++] = by_kind[f->kind].names[i];
    return out;
}
