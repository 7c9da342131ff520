/*
 * From operations to IAM actions. What the names and the models say holds for nine of ten; the
 * table says the rest, and is read as it stands: it is small, and asked while a policy is made, not
 * in a sweep. Must never name an action that nothing asks for: policies that are printed from here
 * are meant to be exact.
 */
#include "aws/action.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* MW_ACTIONS_TSV is the path of the table, given by the build. */
__asm__(".section .rodata\n"
        ".hidden mw_actions_begin\n"
        ".global mw_actions_begin\n"
        "mw_actions_begin:\n"
        ".incbin \"" MW_ACTIONS_TSV "\"\n"
        ".hidden mw_actions_end\n"
        ".global mw_actions_end\n"
        "mw_actions_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const char mw_actions_begin[], mw_actions_end[];

#define BLANKS " \t"

const char *mw_actions_table(size_t *len)
{
    *len = (size_t)(mw_actions_end - mw_actions_begin);
    return mw_actions_begin;
}

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out of memory for IAM actions");
}

/* The next word of a row; empty at its end. */
static mw_str word(const char **p)
{
    mw_str w = { *p += strspn(*p, BLANKS), 0};

    w.len = strcspn(w.data, BLANKS "\n");
    *p = w.data + w.len;
    return w;
}

static bool is(mw_str w, const char *s)
{
    return strlen(s) == w.len && memcmp(w.data, s, w.len) == 0;
}

/* What stands behind the service and the operation in their row, or NULL. */
static const char *row_of(const char *service, const char *operation)
{
    const char *line = mw_actions_begin;

    while (line) {
        const char *p = line;
        if (is(word(&p), service) && is(word(&p), operation))
            return p;
        line = strchr(line, '\n');
        line = line && line[1] ? line + 1 : NULL;
    }
    return NULL;
}

static mw_status by_row(const char *row, mw_arena *arena, const char **out, size_t *count, mw_error *err)
{
    for (mw_str w = word(&row); w.len > 0; w = word(&row)) {
        if (is(w, "-"))
            return MW_OK;
        if (*count == MW_ACTIONS_OF_MAX)
            return mw_fail(err, MW_ERR_LIMIT, "an operation takes more than %d IAM actions", MW_ACTIONS_OF_MAX);
        if (!(out[(*count)++] = mw_arena_strndup(arena, w.data, w.len)))
            return no_memory(err);
    }
    return MW_OK;
}

/* Prefixes are lower case, whatever a service signs with. */
static char *lower(mw_arena *arena, const char *s, size_t len)
{
    char *copy = mw_arena_strndup(arena, s, len);

    for (char *p = copy; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

mw_status mw_operation_actions(const mw_models *models, const char *service, const char *operation, mw_arena *arena,
                               const char **out, size_t *count, mw_error *err)
{
    static const char by_method[] = ":{method}";
    const mw_service *s = mw_models_service(models, service);
    const mw_operation *op = s ? mw_service_operation(s, operation) : NULL;
    const char *row = row_of(service, operation), *signing = s ? mw_service_signing_name(s) : service;
    const char *name = operation;
    char *prefix;
    mw_str w = mw_str_of(signing);

    *count = 0;
    if (row)
        return by_row(row, arena, out, count, err);
    if (op && mw_str_eq(mw_operation_auth_type(op), "none"))
        return MW_OK;
    if ((row = row_of(service, "*")) != NULL) {
        w = word(&row);
        if (w.len > strlen(by_method) &&
            memcmp(w.data + w.len - strlen(by_method), by_method, strlen(by_method)) == 0) {
            w.len -= strlen(by_method);
            name = op ? mw_operation_method(op) : "GET";
        }
    }
    prefix = lower(arena, w.data, w.len);
    if (!prefix || !(out[0] = mw_arena_printf(arena, "%s:%s", prefix, name)))
        return no_memory(err);
    *count = 1;
    return MW_OK;
}
