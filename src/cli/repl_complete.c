/*
 * What may stand at the cursor of the prompt: commands and what they take, globals, members of values as the worker
 * has them, and for the resource at hand also those that the models know though this document has none.
 */
#include "cli/repl.h"

#include "base/mem.h"
#include "base/str.h"
#include "inventory/shape.h"
#include "report/lua_text.h"
#include "report/term.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 20000

static bool in_chain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == ':';
}

/* ---- names by the models ---- */

static void typed_names(mw_typed v, mw_buf *out)
{
    if (!v.shape || v.lists || mw_shape_type_of(v.shape) != MW_SHAPE_STRUCTURE)
        return;
    for (size_t i = 0; i < mw_shape_member_count(v.shape); i++)
        mw_buf_printf(out, "%s\n", mw_member_name(mw_shape_member_at(v.shape, i)));
}

/* Behind `r`: @p path is "" or "Versioning" or "State.Name". */
static void model_names(const struct repl *w, const char *path, size_t len, mw_buf *out)
{
    const mw_type *t = mw_types_get(w->setup.types, w->at.type);
    const mw_models *models = w->pack.models;
    mw_typed views[2];
    size_t first = 0;

    if (!t)
        return;
    views[0] = mw_type_item_shape(t, models, &views[1]);
    while (first < len && path[first] != '.' && path[first] != ':')
        first++;
    for (size_t i = 0; i < mw_type_facet_count(t); i++) {
        mw_facet_shape f = mw_type_facet_describe(t, i, models);
        if (len == 0)
            mw_buf_printf(out, "%s\n", f.name);
        else if (strlen(f.name) == first && strncmp(f.name, path, first) == 0)
            views[0] = f.typed;
        else
            continue;
        if (len > 0)
            goto facet;
    }
    for (size_t i = 0; i < 2; i++) {
        mw_typed v = views[i];
        for (size_t at = 0; at < len;) {
            size_t n = 0;
            while (at + n < len && path[at + n] != '.' && path[at + n] != ':')
                n++;
            v = mw_shape_below(v, path + at, n);
            at += n + 1;
        }
        typed_names(v, out);
    }
    return;
facet:
    for (size_t at = first + 1; at < len;) {
        size_t n = 0;
        while (at + n < len && path[at + n] != '.' && path[at + n] != ':')
            n++;
        views[0] = mw_shape_below(views[0], path + at, n);
        at += n + 1;
    }
    typed_names(views[0], out);
}

/* ---- choosing among them ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those that begin with what was typed, sorted, each once; of @p only_names those that can stand behind a dot. */
static void keep(char *names, const char *typed, size_t len, bool only_names, mw_buf *out)
{
    const char **list = mw_alloc(NAMES_MAX * sizeof(*list));
    size_t n = 0;

    for (char *at = names, *end; list && at && *at && n < NAMES_MAX; at = end) {
        end = strchr(at, '\n');
        if (end)
            *end++ = '\0';
        else
            end = at + strlen(at);
        if (strncmp(at, typed, len) == 0 && (!only_names || mw_lua_is_name(at, strlen(at))))
            list[n++] = at;
    }
    if (n)
        qsort(list, n, sizeof(*list), by_text);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(list[i], list[i - 1]) != 0)
            mw_buf_printf(out, "%s\n", list[i]);
    mw_free(list);
}

/* An id is somebody's text: one that would drive the terminal, or is more than a word, is no name to complete. */
static void id_name(const char *id, mw_buf *out)
{
    MW_AUTO(mw_buf) neutral = {.max = 8192};

    if (!strchr(id, ' ') && mw_term_text(&neutral, id) == MW_OK && mw_str_eq(neutral.data, id))
        mw_buf_printf(out, "%s\n", id);
}

static void command_names(const struct repl *w, const char *line, size_t at, size_t *from, mw_buf *out)
{
    size_t word = strcspn(line, " ");

    if (word >= at) {
        *from = 1;
        for (size_t i = 0; mw_repl_command_at(i); i++)
            mw_buf_printf(out, "%s\n", mw_repl_command_at(i));
        return;
    }
    *from = at;
    while (*from > 0 && line[*from - 1] != ' ')
        --*from;
    if (mw_str_starts(line, ":rule "))
        for (size_t i = 0; w->setup.rules && i < mw_rules_count(w->setup.rules); i++)
            mw_buf_printf(out, "%s\n", mw_rules_at(w->setup.rules, i)->id);
    else if (mw_str_starts(line, ":type ") || (mw_str_starts(line, ":use ") && *from == word + 1))
        for (size_t i = 0; i < mw_types_count(w->setup.types); i++)
            mw_buf_printf(out, "%s\n", mw_type_name(mw_types_at(w->setup.types, i)));
    else if (mw_str_starts(line, ":use ")) {
        MW_AUTO(mw_buf) type = {.max = 1024};
        const mw_type *t;
        mw_buf_add(&type, line + word + 1, strcspn(line + word + 1, " "), NULL);
        t = type.data ? mw_types_get(w->setup.types, type.data) : NULL;
        for (size_t i = 0; t && i < 1000 && i < mw_repl_count(w->repl, mw_type_name(t)); i++) {
            mw_repl_at each = mw_repl_nth(w->repl, mw_type_name(t), i);
            id_name(mw_repl_text(w->repl, &each, "id"), out);
        }
    }
}

void mw_repl_complete(void *user, const char *line, size_t at, size_t *from, mw_buf *out)
{
    struct repl *w = user;
    MW_AUTO(mw_buf) names = {.max = (size_t)1 << 20};
    size_t chain = at, dot;
    mw_error err = {0};

    if (line[0] == ':' && w->chunk.len == 0) {
        command_names(w, line, at, from, &names);
        keep(names.data, line + *from, at - *from, false, out);
        return;
    }
    while (chain > 0 && in_chain(line[chain - 1]))
        chain--;
    for (dot = at; dot > chain && line[dot - 1] != '.' && line[dot - 1] != ':';)
        dot--;
    *from = dot;
    if (dot > chain) {
        mw_repl_names(w->repl, &w->at, line + chain, dot - 1 - chain, &names, &err);
        if (w->at.found && line[chain] == 'r' && (line[chain + 1] == '.' || line[chain + 1] == ':') &&
            line[dot - 1] == '.')
            model_names(w, line + chain + 2, dot - chain > 2 ? dot - chain - 3 : 0, &names);
    } else {
        mw_repl_names(w->repl, &w->at, "", 0, &names, &err);
    }
    if (names.failed)
        return;
    /* What came from the worker is shown only when it is a name. */
    keep(names.data, line + dot, at - dot, true, out);
}
