/*
 * `moonward __complete WORDS…`, for completion scripts: what the last word may become, one candidate a line, with a
 * description behind a tab; `:file` asks the shell for file names. Answers from the tables of commands and options, from
 * the rules, types and models, and from the store, which it only looks at. It makes no call of AWS, waits for nobody longer
 * than a second or two, and is silent about what it cannot read.
 */
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/setup.h"

#include "aws/ini.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "lint/lint.h"
#include "report/term.h"
#include "store/snapshots.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX         ((size_t)16 << 20)
#define PROFILES_MAX_BYTES ((size_t)4 << 20)

struct completing {
    mw_cli *cli;               /* for set-ups; its args are an empty line */
    const mw_command *command; /* NULL: none yet */
    const char *group;         /* first word of a command of two, or NULL */
    const char *word;          /* under the cursor, behind "--option=" */
    const char *before;        /* that, or "" */
    size_t before_len;
    size_t position;   /* among the command's arguments */
    const char *first; /* the first argument, or NULL */
    mw_buf *out;
};

static void offer(struct completing *c, const char *candidate, const char *description)
{
    if (!candidate || !mw_str_starts(candidate, c->word) || candidate[strcspn(candidate, "\n\t")])
        return;
    mw_buf_add(c->out, c->before, c->before_len, NULL);
    mw_buf_puts(c->out, candidate);
    if (description && *description) {
        mw_buf_putc(c->out, '\t');
        mw_term_text(c->out, description);
    }
    mw_buf_putc(c->out, '\n');
}

/* ---- what there is ---- */

static void offer_choice(struct completing *c, const char *choice, size_t len)
{
    MW_AUTO(mw_buf) one = {.max = 256};

    mw_buf_add(&one, choice, len, NULL);
    offer(c, one.data, NULL);
}

static void offer_choices(struct completing *c, const char *choices)
{
    for (const char *at = choices; *at; at += *at == '|') {
        size_t len = strcspn(at, "|");
        offer_choice(c, at, len);
        at += len;
    }
}

static void offer_rules(struct completing *c)
{
    MW_AUTO(mw_setup) s = {0};

    if (mw_setup_config(&s, c->cli, NULL) != MW_OK || mw_setup_rules(&s, NULL) != MW_OK)
        return;
    for (size_t i = 0; i < mw_rules_count(s.rules); i++)
        offer(c, mw_rules_at(s.rules, i)->id, mw_rules_at(s.rules, i)->title);
}

static void offer_types(struct completing *c)
{
    MW_AUTO(mw_setup) s = {0};

    if (mw_setup_config(&s, c->cli, NULL) != MW_OK || mw_setup_types(&s, NULL) != MW_OK)
        return;
    for (size_t i = 0; i < mw_types_count(s.types); i++) {
        const mw_type *t = mw_types_at(s.types, i);
        offer(c, mw_type_name(t), mw_type_alias(t));
        if (*c->word && !mw_str_starts(c->word, "A"))
            offer(c, mw_type_alias(t), mw_type_name(t));
    }
}

static void offer_services(struct completing *c)
{
    MW_AUTO(mw_model_pack) pack = {0};
    const mw_service *s;

    if (mw_model_pack_open(c->cli->args, &pack, NULL) != MW_OK)
        return;
    if (c->position == 0) {
        for (size_t i = 0; i < mw_models_service_count(pack.models); i++)
            offer(c, mw_service_name(mw_models_service_at(pack.models, i)),
                  mw_service_id(mw_models_service_at(pack.models, i)));
        return;
    }
    s = c->first ? mw_models_service(pack.models, c->first) : NULL;
    for (size_t i = 0; s && c->position == 1 && i < mw_service_operation_count(s); i++)
        offer(c, mw_operation_name(mw_service_operation_at(s, i)), NULL);
}

static void offer_regions(struct completing *c)
{
    MW_AUTO(mw_model_pack) pack = {0};
    const mw_doc *d;
    mw_val list;

    if (mw_model_pack_open(c->cli->args, &pack, NULL) != MW_OK)
        return;
    d = mw_models_doc(pack.models);
    list = mw_val_get(d, mw_models_partitions(pack.models), "partitions");
    for (size_t i = 0; i < mw_val_len(d, list); i++) {
        mw_val regions = mw_val_get(d, mw_val_at(d, list, i), "regions");
        for (size_t k = 0; k < mw_val_len(d, regions); k++) {
            mw_val name, about = mw_val_member(d, regions, k, &name);
            if (!mw_str_ends(mw_val_str(d, name, NULL), "-global"))
                offer(c, mw_val_str(d, name, NULL), mw_val_get_str(d, about, "description", NULL));
        }
    }
}

static void offer_profiles_of(struct completing *c, const char *variable, const char *rest, const char *prefix)
{
    MW_AUTO(mw_arena) arena = {0};
    MW_AUTO(mw_buf) text = {.max = PROFILES_MAX_BYTES};
    const char *path = getenv(variable), *home = getenv("HOME");
    mw_ini ini = {0};

    if (!path || !*path)
        path = home ? mw_arena_printf(&arena, "%s/.aws/%s", home, rest) : NULL;
    if (!path || mw_file_read(path, &text, NULL) != MW_OK || !text.data ||
        mw_ini_parse(path, text.data, text.len, &arena, &ini, NULL) != MW_OK)
        return;
    for (size_t i = 0; i < ini.count; i++) {
        const char *name = ini.sections[i].name;
        if (mw_str_starts(name, prefix))
            offer(c, name + strlen(prefix), NULL);
        else if (mw_str_eq(name, "default"))
            offer(c, name, NULL);
    }
}

static bool offer_run(void *user, const mw_run *run)
{
    offer(user, run->id, run->finished_at);
    return true;
}

/* The word is waited for by somebody at a prompt. */
static mw_status look_at_store(struct completing *c, mw_setup *s, mw_store **out)
{
    const mw_store_options o = {.mode = MW_STORE_LOOK, .connect_s = 2};
    mw_error err = {0}; /* the path of the store needs one */
    mw_status st = mw_setup_config(s, c->cli, &err);

    return st == MW_OK ? mw_setup_store_as(s, &o, out, &err) : st;
}

static void offer_runs(struct completing *c)
{
    MW_AUTO(mw_setup) s = {0};
    mw_store *store = NULL;

    if (look_at_store(c, &s, &store) == MW_OK)
        mw_store_runs(store, offer_run, c, NULL);
    mw_store_close(store);
}

static bool offer_snapshot(void *user, const mw_snapshot_info *info)
{
    offer(user, info->id, info->taken_at);
    return true;
}

static void offer_snapshots(struct completing *c)
{
    MW_AUTO(mw_setup) s = {0};
    mw_store *store = NULL;

    offer(c, "latest", NULL);
    if (look_at_store(c, &s, &store) == MW_OK)
        mw_snapshots_list(store, offer_snapshot, c, NULL);
    mw_store_close(store);
}

static void offer_codes(struct completing *c)
{
    size_t n;
    const mw_lint_code *codes = mw_lint_codes(&n);

    for (size_t i = 0; i < n; i++)
        offer(c, codes[i].id, codes[i].title);
}

static void offer_commands(struct completing *c, const char *group)
{
    size_t n, len = group ? strlen(group) : 0;
    const mw_command *const *all = mw_commands(&n);

    for (size_t i = 0; i < n; i++) {
        const char *name = all[i]->name, *blank = strchr(name, ' ');
        MW_AUTO(mw_buf) word = {.max = 256};
        if (group) {
            if (strncmp(name, group, len) == 0 && name[len] == ' ')
                offer(c, name + len + 1, all[i]->summary);
            continue;
        }
        mw_buf_add(&word, name, blank ? (size_t)(blank - name) : strlen(name), NULL);
        if (i == 0 || !blank || strncmp(all[i - 1]->name, word.data, word.len) != 0 ||
            all[i - 1]->name[word.len] != ' ')
            offer(c, word.data, blank ? "" : all[i]->summary);
    }
}

static void offer_options(struct completing *c)
{
    size_t counts[2];
    const mw_option *lists[2] = {c->command ? c->command->options : NULL, mw_global_options(&counts[1])};

    counts[0] = c->command ? c->command->option_count : 0;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < counts[k]; i++) {
            MW_AUTO(mw_buf) word = {.max = 256};
            bool own = false;
            for (size_t o = 0; k == 1 && o < counts[0]; o++)
                own = own || mw_str_eq(lists[0][o].name, lists[1][i].name);
            mw_buf_printf(&word, "--%s", lists[k][i].name);
            if (!own)
                offer(c, word.data, lists[k][i].help);
        }
}

/* ---- what is meant ---- */

/* The words that tables use for values and arguments. */
static const struct {
    const char *word;
    void (*offer)(struct completing *c);
} kinds[] = {{"RULE", offer_rules},     {"TYPE", offer_types},       {"RUN", offer_runs},
             {"REGION", offer_regions}, {"SERVICE", offer_services}, {"SNAPSHOT", offer_snapshots},
             {"CODE", offer_codes}};

static bool offer_kind(struct completing *c, const char *name, size_t len)
{
    static const char *const files[] = {"FILE", "DIR", "PATH", "SCRIPT", "FORMAT=PATH"};

    if (len > 0 && name[len - 1] == 'S') /* RULES… */
        len--;
    for (size_t i = 0; i < MW_COUNT(kinds); i++)
        if (strlen(kinds[i].word) == len && strncmp(kinds[i].word, name, len) == 0) {
            kinds[i].offer(c);
            return true;
        }
    for (size_t i = 0; i < MW_COUNT(files); i++)
        if (strlen(files[i]) == len && strncmp(files[i], name, len) == 0) {
            mw_buf_puts(c->out, ":file\n");
            return true;
        }
    return false;
}

static void offer_value(struct completing *c, const mw_option *o)
{
    if (o->choices)
        offer_choices(c, o->choices);
    else if (mw_str_eq(o->name, "profile")) {
        offer_profiles_of(c, "AWS_CONFIG_FILE", "config", "profile ");
        offer_profiles_of(c, "AWS_SHARED_CREDENTIALS_FILE", "credentials", "");
    } else if (mw_str_eq(o->name, "rule")) { /* a glob, or an id */
        offer_rules(c);
    } else {
        offer_kind(c, o->value, strlen(o->value));
    }
}

/* `bash|zsh|fish` are words, `RULE|CODE` kinds. */
static void offer_any_of(struct completing *c, const char *argument)
{
    for (const char *at = argument; *at; at += *at == '|') {
        size_t len = strcspn(at, "|");
        if (!offer_kind(c, at, len) && !(*at >= 'A' && *at <= 'Z'))
            offer_choice(c, at, len);
        at += len;
    }
}

/* `SERVICE OPERATION`, `[RULES…]`, `bash|zsh|fish`: the argument that stands at the position, or the last. */
static void offer_argument(struct completing *c)
{
    const char *at = c->command->arguments, *last = NULL;
    size_t last_len = 0;

    if (!at)
        return;
    if (mw_str_eq(c->command->name, "help")) {
        offer_commands(c, c->position == 1 ? c->first : NULL);
        return;
    }
    if (mw_str_starts(at, "SERVICE")) {
        offer_services(c);
        return;
    }
    for (size_t i = 0; *at; i++) {
        at += strspn(at, " []");
        if (!*at)
            break;
        last = at;
        last_len = strcspn(at, " []\xE2"); /* up to an ellipsis */
        at += strcspn(at, " ");
        if (i == c->position)
            break;
    }
    if (!last)
        return;
    if (memchr(last, '|', last_len))
        offer_any_of(c, c->command->arguments);
    else
        offer_kind(c, last, last_len);
}

static const mw_option *option_named(const mw_command *command, const char *word, size_t len)
{
    size_t counts[2];
    const mw_option *lists[2] = {command ? command->options : NULL, mw_global_options(&counts[1])};

    counts[0] = command ? command->option_count : 0;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < counts[k]; i++)
            if (strlen(lists[k][i].name) == len && strncmp(lists[k][i].name, word, len) == 0)
                return &lists[k][i];
    return NULL;
}

static void take_word(struct completing *c, const char *word)
{
    size_t n, len = c->group ? strlen(c->group) : 0;
    const mw_command *const *all = mw_commands(&n);

    if (c->command) {
        if (c->position++ == 0)
            c->first = word;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const char *name = all[i]->name, *own = c->group ? name + len + 1 : name;
        if (c->group ? strncmp(name, c->group, len) == 0 && name[len] == ' ' && mw_str_eq(own, word)
                     : mw_str_eq(name, word)) {
            c->command = all[i];
            return;
        }
    }
    if (!c->group)
        c->group = word;
}

/* The option that waits for its value after the words before the last, or NULL. */
static const mw_option *walk(struct completing *c, int argc, char *const *argv)
{
    const mw_option *waiting = NULL;

    for (int i = 0; i + 1 < argc; i++) {
        const char *word = argv[i];
        if (waiting)
            waiting = NULL;
        else if (word[0] == '-' && word[1] == '-' && !strchr(word, '=')) {
            waiting = option_named(c->command, word + 2, strlen(word + 2));
            if (waiting && !waiting->value)
                waiting = NULL;
        } else if (word[0] != '-')
            take_word(c, word);
    }
    return waiting;
}

int mw_complete_main(int argc, char *const *argv)
{
    MW_AUTO(mw_buf) out = {.max = OUTPUT_MAX};
    const char *word = argc > 0 ? argv[argc - 1] : "", *equals = mw_str_starts(word, "--") ? strchr(word, '=') : NULL;
    const mw_option *waiting, *with = NULL;
    char *const none[] = {(char *)(uintptr_t) "version", NULL};
    const mw_command *ignored;
    mw_args *args = NULL;
    mw_cli cli = {.stop = &mw_cli_stop};
    struct completing c = {.cli = &cli, .word = word, .before = "", .out = &out};

    if (mw_args_parse(1, none, NULL, &args, &ignored, NULL) != MW_OK)
        return MW_EXIT_OK;
    cli.args = args;
    cli.command = ignored;
    waiting = walk(&c, argc, argv);
    if (equals && (with = option_named(c.command, word + 2, (size_t)(equals - word) - 2)) != NULL && with->value) {
        c.before = word;
        c.before_len = (size_t)(equals - word) + 1;
        c.word = equals + 1;
        offer_value(&c, with);
    } else if (waiting) {
        offer_value(&c, waiting);
    } else if (word[0] == '-') {
        offer_options(&c);
    } else if (c.command) {
        offer_argument(&c);
    } else {
        offer_commands(&c, c.group);
    }
    mw_args_free(args);
    return out.failed ? MW_EXIT_OK : mw_cli_print(out.data ? out.data : "", out.len, MW_EXIT_OK);
}
