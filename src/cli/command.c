/*
 * The parser of the command line. Relies on the table of commands.c and on nothing else, so that it
 * can be tested with tables and environments of a test's own. It never runs a command and never
 * prints: every refusal is one line that names the word, and the nearest known one.
 */
#include "cli/command.h"

#include "base/arena.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* ARG_MAX allows more; nobody types more. */
#define ARGS_MAX 4096

struct given {
    const mw_option *option;
    const char *value;  /* NULL for a switch */
    const char *origin; /* "--fail-on" or "MOONWARD_FAIL_ON" */
};

struct mw_args {
    mw_arena arena;
    struct given *given;
    size_t given_count, given_cap;
    const char **positional;
    size_t positional_count;
};

/* ---- looking up ---- */

static const mw_option *option_in(const mw_option *options, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
            return &options[i];
    return NULL;
}

static const mw_option *find_option(const mw_command *c, const char *name, size_t len)
{
    size_t count;
    const mw_option *global = mw_global_options(&count);
    const mw_option *own = c ? option_in(c->options, c->option_count, name, len) : NULL;

    return own ? own : option_in(global, count, name, len);
}

static const mw_option *find_letter(const mw_command *c, char letter)
{
    size_t count;
    const mw_option *global = mw_global_options(&count);

    for (size_t i = 0; c && i < c->option_count; i++)
        if (c->options[i].letter == letter)
            return &c->options[i];
    for (size_t i = 0; i < count; i++)
        if (global[i].letter == letter)
            return &global[i];
    return NULL;
}

static mw_status unknown_option(const mw_command *c, const char *name, size_t len, mw_error *err)
{
    const char *names[256];
    size_t count = 0, n;
    const mw_option *global = mw_global_options(&n);
    char word[64];
    const char *near;

    if (len >= sizeof(word))
        len = sizeof(word) - 1;
    memcpy(word, name, len);
    word[len] = '\0';
    for (size_t i = 0; i < n && count < MW_COUNT(names); i++)
        names[count++] = global[i].name;
    for (size_t i = 0; c && i < c->option_count && count < MW_COUNT(names); i++)
        names[count++] = c->options[i].name;
    if (!c) {
        const mw_command *const *all = mw_commands(&n);
        for (size_t i = 0; i < n; i++)
            if (option_in(all[i]->options, all[i]->option_count, word, len))
                return mw_fail(err, MW_ERR_INVALID, "--%s is an option of '%s': write it behind the command", word,
                               all[i]->name);
    }
    near = mw_nearest(word, names, count);
    if (near)
        return mw_fail(err, MW_ERR_INVALID, "unknown option --%s; did you mean --%s?", word, near);
    return mw_fail(err, MW_ERR_INVALID, "unknown option --%s; 'moonward%s%s --help' lists them", word, c ? " " : "",
                   c ? c->name : "");
}

/* Exact name of one or two words. */
static const mw_command *find_command(const char *first, const char *second)
{
    size_t n, len = strlen(first);
    const mw_command *const *all = mw_commands(&n);

    for (size_t i = 0; i < n; i++) {
        const char *name = all[i]->name;
        if (strcmp(name, first) == 0)
            return all[i];
        if (second && strncmp(name, first, len) == 0 && name[len] == ' ' && strcmp(name + len + 1, second) == 0)
            return all[i];
    }
    return NULL;
}

/* `types list` where `types` is a command too. */
static const mw_command *longer_command(const mw_command *c, const char *second)
{
    size_t n, len = strlen(c->name);
    const mw_command *const *all = mw_commands(&n);

    for (size_t i = 0; i < n; i++)
        if (strncmp(all[i]->name, c->name, len) == 0 && all[i]->name[len] == ' ' &&
            strcmp(all[i]->name + len + 1, second) == 0)
            return all[i];
    return NULL;
}

static bool is_group(const char *first)
{
    size_t n, len = strlen(first);
    const mw_command *const *all = mw_commands(&n);

    for (size_t i = 0; i < n; i++)
        if (strncmp(all[i]->name, first, len) == 0 && all[i]->name[len] == ' ')
            return true;
    return false;
}

/* Names the nearest command: of all first words, or of one group's second words. */
static mw_status unknown_command(const char *first, const char *second, mw_error *err)
{
    char words[64][32], listed[256];
    const char *names[64], *near;
    size_t n, count = 0, len = strlen(first), used = 0;
    const mw_command *const *all = mw_commands(&n);
    bool group = is_group(first);

    listed[0] = '\0';
    for (size_t i = 0; i < n && count < MW_COUNT(words); i++) {
        const char *name = all[i]->name, *word = name;
        size_t word_len = strcspn(name, " ");
        if (group) {
            if (strncmp(name, first, len) != 0 || name[len] != ' ')
                continue;
            word = name + len + 1;
            word_len = strlen(word);
        }
        if (word_len >= sizeof(words[0]))
            continue;
        memcpy(words[count], word, word_len);
        words[count][word_len] = '\0';
        names[count] = words[count];
        if (used + word_len + 3 < sizeof(listed)) {
            memcpy(listed + used, used ? ", " : "", used ? 2 : 0);
            used += used ? 2 : 0;
            memcpy(listed + used, word, word_len);
            used += word_len;
            listed[used] = '\0';
        }
        count++;
    }
    if (group && !second)
        return mw_fail(err, MW_ERR_INVALID, "'%s' wants one of: %s", first, listed);
    near = mw_nearest(group ? second : first, names, count);
    if (group)
        return near ? mw_fail(err, MW_ERR_INVALID, "unknown command '%s %s'; did you mean '%s %s'?", first, second,
                              first, near)
                    : mw_fail(err, MW_ERR_INVALID, "unknown command '%s %s'; it wants one of: %s", first, second,
                              listed);
    return near ? mw_fail(err, MW_ERR_INVALID, "unknown command '%s'; did you mean '%s'?", first, near)
                : mw_fail(err, MW_ERR_INVALID, "unknown command '%s'; 'moonward --help' lists them", first);
}

/* ---- collecting ---- */

static mw_status no_memory(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "command line: out of memory");
}

static bool choice_allowed(const char *choices, const char *value)
{
    size_t len = strlen(value);

    for (const char *at = choices; *at;) {
        size_t n = strcspn(at, "|");
        if (n == len && memcmp(at, value, n) == 0)
            return true;
        at += n + (at[n] == '|');
    }
    return false;
}

static mw_status keep(mw_args *a, const mw_option *o, const char *value, bool from_env, mw_error *err)
{
    const char *origin = from_env ? o->env : mw_arena_printf(&a->arena, "--%s", o->name);

    if (!origin)
        return no_memory(err);
    if (o->value && (value ? !*value : !o->bare))
        return mw_fail(err, MW_ERR_INVALID, "%s wants a value: %s", origin, o->value);
    if (a->given_count == a->given_cap) {
        size_t cap = a->given_cap ? a->given_cap * 2 : 16;
        struct given *grown = mw_arena_alloc(&a->arena, cap * sizeof(*grown));
        if (!grown)
            return no_memory(err);
        if (a->given_count)
            memcpy(grown, a->given, a->given_count * sizeof(*grown));
        a->given = grown;
        a->given_cap = cap;
    }
    a->given[a->given_count++] = (struct given){o, value, origin};
    return MW_OK;
}

/* One option word; takes the next word when the value is not in this one. */
static mw_status parse_option(mw_args *a, const mw_command *c, int argc, char *const *argv, int *i, mw_error *err)
{
    const char *word = argv[*i], *equals, *value = NULL;
    const mw_option *o;

    if (word[1] == '-') {
        size_t len;
        equals = strchr(word, '=');
        len = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
        o = find_option(c, word + 2, len);
        if (!o)
            return unknown_option(c, word + 2, len, err);
        value = equals ? equals + 1 : NULL;
        if (!o->value && value)
            return mw_fail(err, MW_ERR_INVALID, "--%s takes no value", o->name);
    } else {
        o = find_letter(c, word[1]);
        if (!o)
            return mw_fail(err, MW_ERR_INVALID, "unknown option %s; 'moonward%s%s --help' lists them", word,
                           c ? " " : "", c ? c->name : "");
        if (word[2] && !o->value) { /* -qv: switches in one word */
            for (const char *at = word + 1; *at; at++) {
                mw_status st;
                const mw_option *each = find_letter(c, *at);
                if (!each || each->value)
                    return mw_fail(err, MW_ERR_INVALID, "unknown option -%c in %s", *at, word);
                if ((st = keep(a, each, NULL, false, err)) != MW_OK)
                    return st;
            }
            return MW_OK;
        }
        value = word[2] ? word + 2 : NULL;
    }
    if (o->value && !value && !o->bare) {
        const char *next = *i + 1 < argc ? argv[*i + 1] : NULL;
        /* `--region --plan` is a forgotten value; a value that looks so can be given with `=`. */
        if (!next || (next[0] == '-' && next[1] == '-'))
            return mw_fail(err, MW_ERR_INVALID, "--%s wants a value: %s", o->name, o->value);
        value = next;
        (*i)++;
    }
    return keep(a, o, value, false, err);
}

static mw_status from_environment(mw_args *a, const mw_option *o, const char *(*getenv_fn)(const char *name),
                                  mw_error *err)
{
    const char *text = o->env ? getenv_fn(o->env) : NULL;
    mw_status st;

    if (!text || !*text || mw_args_count(a, o->name) > 0)
        return MW_OK;
    if (!o->repeatable || !o->env_separator)
        return keep(a, o, text, true, err);
    while (*text) {
        const char *end = strchr(text, o->env_separator);
        size_t len = end ? (size_t)(end - text) : strlen(text);
        if (len > 0) {
            char *value = mw_arena_strndup(&a->arena, text, len);
            if (!value)
                return no_memory(err);
            if ((st = keep(a, o, value, true, err)) != MW_OK)
                return st;
        }
        text += len + (end != NULL);
    }
    return MW_OK;
}

static const char *machine_getenv(const char *name)
{
    return getenv(name);
}

/* An option of the command's own means what it says there: `types --output DIR` is no format. */
static mw_status read_environment(mw_args *a, const mw_command *c, const char *(*getenv_fn)(const char *name),
                                  mw_error *err)
{
    size_t n;
    const mw_option *global = mw_global_options(&n);
    mw_status st = MW_OK;

    if (!getenv_fn)
        getenv_fn = machine_getenv;
    for (size_t i = 0; i < n && st == MW_OK; i++)
        if (!option_in(c->options, c->option_count, global[i].name, strlen(global[i].name)))
            st = from_environment(a, &global[i], getenv_fn, err);
    for (size_t i = 0; i < c->option_count && st == MW_OK; i++)
        st = from_environment(a, &c->options[i], getenv_fn, err);
    return st;
}

/* Values are checked last: before the command only the global form of an option is known. */
static mw_status check_choices(const mw_args *a, const mw_command *c, mw_error *err)
{
    for (size_t i = 0; i < a->given_count; i++) {
        const struct given *g = &a->given[i];
        const mw_option *o = find_option(c, g->option->name, strlen(g->option->name));
        if (o->choices && !choice_allowed(o->choices, g->value))
            return mw_fail(err, MW_ERR_INVALID, "%s: '%s' is not one of %s", g->origin, g->value, o->choices);
    }
    return MW_OK;
}

static mw_status check_count(const mw_args *a, const mw_command *c, mw_error *err)
{
    if (a->positional_count < c->min_args)
        return mw_fail(err, MW_ERR_INVALID, "missing argument: moonward %s %s", c->name,
                       c->arguments ? c->arguments : "");
    if (a->positional_count > c->max_args)
        return mw_fail(err, MW_ERR_INVALID, "unexpected argument '%s': moonward %s%s%s", a->positional[c->max_args],
                       c->name, c->arguments ? " " : "", c->arguments ? c->arguments : "");
    return MW_OK;
}

mw_status mw_args_parse(int argc, char *const *argv, const char *(*getenv_fn)(const char *name), mw_args **out,
                        const mw_command **found, mw_error *err)
{
    mw_args *a = mw_alloc(sizeof(*a));
    const mw_command *c = NULL, *longer;
    const char *group = NULL;
    bool ended = false;
    mw_status st = MW_OK;

    *out = NULL;
    *found = NULL;
    if (!a)
        return no_memory(err);
    if (argc > ARGS_MAX) {
        st = mw_fail(err, MW_ERR_LIMIT, "command line: more than %d words", ARGS_MAX);
        goto out;
    }
    a->positional = mw_arena_alloc(&a->arena, ((size_t)(argc > 0 ? argc : 0) + 1) * sizeof(char *));
    if (!a->positional) {
        st = no_memory(err);
        goto out;
    }
    for (int i = 0; i < argc && st == MW_OK; i++) {
        const char *word = argv[i];

        if (!ended && strcmp(word, "--") == 0) {
            ended = true;
        } else if (!ended && word[0] == '-' && word[1]) {
            st = parse_option(a, c, argc, argv, &i, err);
        } else if (c && !ended && a->positional_count == 0 && (longer = longer_command(c, word)) != NULL) {
            c = longer;
        } else if (c) {
            a->positional[a->positional_count++] = word;
        } else if ((c = find_command(group ? group : word, group ? word : NULL)) != NULL) {
            group = NULL;
        } else if (!group && is_group(word)) {
            group = word;
        } else {
            st = unknown_command(group ? group : word, group ? word : NULL, err);
        }
    }
    if (st != MW_OK)
        goto out;
    if (mw_args_flag(a, "help") || mw_args_flag(a, "version")) { /* nothing else matters then */
        *found = c;
        goto out;
    }
    if (group)
        st = unknown_command(group, NULL, err);
    else if (c && (st = check_count(a, c, err)) == MW_OK && (st = read_environment(a, c, getenv_fn, err)) == MW_OK)
        st = check_choices(a, c, err);
    *found = c;
out:
    if (st == MW_OK)
        *out = a;
    else
        mw_args_free(a);
    return st;
}

void mw_args_free(mw_args *a)
{
    if (!a)
        return;
    mw_arena_clear(&a->arena);
    mw_free(a);
}

/* ---- answers ---- */

static const struct given *nth(const mw_args *a, const char *name, size_t i)
{
    for (size_t k = 0; k < a->given_count; k++)
        if (strcmp(a->given[k].option->name, name) == 0 && i-- == 0)
            return &a->given[k];
    return NULL;
}

const char *mw_args_get(const mw_args *a, const char *name)
{
    size_t n = mw_args_count(a, name);

    return n ? nth(a, name, n - 1)->value : NULL;
}

size_t mw_args_count(const mw_args *a, const char *name)
{
    size_t n = 0;

    for (size_t k = 0; k < a->given_count; k++)
        n += strcmp(a->given[k].option->name, name) == 0;
    return n;
}

const char *mw_args_value(const mw_args *a, const char *name, size_t i)
{
    const struct given *g = nth(a, name, i);

    return g ? g->value : NULL;
}

bool mw_args_chosen(const mw_args *a, const char *name, const char *text)
{
    size_t n = mw_args_count(a, name);

    for (size_t i = 0; i < n; i++)
        if (mw_glob_match(mw_args_value(a, name, i), text))
            return true;
    return n == 0;
}

bool mw_args_flag(const mw_args *a, const char *name)
{
    return nth(a, name, 0) != NULL;
}

const char *mw_args_origin(const mw_args *a, const char *name)
{
    size_t n = mw_args_count(a, name);

    return n ? nth(a, name, n - 1)->origin : NULL;
}

size_t mw_args_positional_count(const mw_args *a)
{
    return a->positional_count;
}

const char *mw_args_positional(const mw_args *a, size_t i)
{
    return i < a->positional_count ? a->positional[i] : NULL;
}
