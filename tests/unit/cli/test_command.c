/* The parser over the real tables: what is accepted, and what every refusal says. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *environment[8][2];

static const char *fake_getenv(const char *name)
{
    for (size_t i = 0; i < MW_COUNT(environment) && environment[i][0]; i++)
        if (strcmp(environment[i][0], name) == 0)
            return environment[i][1];
    return NULL;
}

/* Words split at blanks; `_` in a word stands for a blank. */
static mw_status parse(const char *line, mw_args **args, const mw_command **c, mw_error *err)
{
    static char text[512];
    static char *argv[64];
    int argc = 0;
    char *at = text;

    snprintf(text, sizeof(text), "%s", line);
    while (*at) {
        argv[argc++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
    for (int i = 0; i < argc; i++)
        for (char *p = argv[i]; *p; p++)
            *p = *p == '_' ? ' ' : *p;
    return mw_args_parse(argc, argv, fake_getenv, args, c, err);
}

static void refuses(void **state)
{
    static const struct {
        const char *line, *message;
    } rows[] = {
        {"swep", "unknown command 'swep'; did you mean 'sweep'?"},
        {"zzzzzzzz", "unknown command 'zzzzzzzz'; 'moonward --help' lists them"},
        {"rules", "'rules' wants one of: list, show"},
        {"rules lst", "unknown command 'rules lst'; did you mean 'rules list'?"},
        {"rules zzzzzzz", "unknown command 'rules zzzzzzz'; it wants one of: list, show"},
        {"sweep --regoin x", "unknown option --regoin; did you mean --region?"},
        {"sweep --zzzzzzzz", "unknown option --zzzzzzzz; 'moonward sweep --help' lists them"},
        {"--zzzzzzzz", "unknown option --zzzzzzzz; 'moonward --help' lists them"},
        {"--plan sweep", "--plan is an option of 'sweep': write it behind the command"},
        {"sweep --plan=yes", "--plan takes no value"},
        {"sweep --region", "--region wants a value: REGION"},
        {"sweep --region --plan", "--region wants a value: REGION"},
        {"sweep --region=", "--region wants a value: REGION"},
        {"sweep --fail-on hihg", "--fail-on: 'hihg' is not one of critical|high|medium|low|info|none"},
        {"sweep --output xml", "--output: 'xml' is not one of text|json|jsonl"},
        {"--output xml sweep", "--output: 'xml' is not one of text|json|jsonl"},
        {"sweep -z", "unknown option -z; 'moonward sweep --help' lists them"},
        {"sweep -qz", "unknown option -z in -qz"},
        {"rules show", "missing argument: moonward rules show RULE"},
        {"rules show a b", "unexpected argument 'b': moonward rules show RULE"},
        {"version now", "unexpected argument 'now': moonward version"},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_args *args = (mw_args *)1;
        const mw_command *c = NULL;
        mw_error err = {0};
        assert_int_equal(parse(rows[i].line, &args, &c, &err), MW_ERR_INVALID);
        assert_null(args);
        assert_string_equal(err.message, rows[i].message);
    }
}

static void accepts(void **state)
{
    mw_args *a = NULL;
    const mw_command *c = NULL;
    mw_error err = {0};

    (void)state;
    assert_int_equal(parse("--store a.db --region=eu-* -q sweep s3-* --region us-east-1 --plan --store b.db "
                           "--output json ec2-* -- --plan -",
                           &a, &c, &err),
                     MW_OK);
    assert_ptr_equal(c, &mw_command_sweep);
    assert_string_equal(mw_args_get(a, "store"), "b.db"); /* the last one wins */
    assert_int_equal(mw_args_count(a, "region"), 2);
    assert_string_equal(mw_args_value(a, "region", 0), "eu-*");
    assert_string_equal(mw_args_value(a, "region", 1), "us-east-1");
    assert_null(mw_args_value(a, "region", 2));
    assert_true(mw_args_flag(a, "plan"));
    assert_true(mw_args_flag(a, "quiet"));
    assert_false(mw_args_flag(a, "verbose"));
    assert_null(mw_args_get(a, "endpoint-url"));
    assert_string_equal(mw_args_origin(a, "output"), "--output");
    assert_int_equal(mw_args_positional_count(a), 4);
    assert_string_equal(mw_args_positional(a, 0), "s3-*");
    assert_string_equal(mw_args_positional(a, 2), "--plan");
    assert_string_equal(mw_args_positional(a, 3), "-");
    assert_null(mw_args_positional(a, 4));
    mw_args_free(a);

    assert_int_equal(parse("rules --output json list", &a, &c, &err), MW_OK);
    assert_ptr_equal(c, &mw_command_rules_list);
    mw_args_free(a);
    assert_int_equal(parse("-qv rules show x", &a, &c, &err), MW_OK);
    assert_true(mw_args_flag(a, "verbose"));
    mw_args_free(a);
    assert_int_equal(parse("", &a, &c, &err), MW_OK);
    assert_null(c);
    mw_args_free(a);
    /* Asking for help forgives everything else. */
    assert_int_equal(parse("rules show --help", &a, &c, &err), MW_OK);
    assert_ptr_equal(c, &mw_command_rules_show);
    mw_args_free(a);
    assert_int_equal(parse("sweep --region=a_b", &a, &c, &err), MW_OK);
    assert_string_equal(mw_args_get(a, "region"), "a b");
    mw_args_free(a);
}

/* MOONWARD_OUTPUT is a format: a command whose --output is a folder or a file does not write there. */
static void an_own_option_has_its_own_environment(void **state)
{
    static const struct {
        const char *line, *output;
    } rows[] = {{"sweep", "json"}, {"types", NULL},          {"types --output there", "there"},
                {"doc", NULL},     {"models compile", NULL}, {"version", "json"}};

    (void)state;
    environment[0][0] = "MOONWARD_OUTPUT";
    environment[0][1] = "json";
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_args *a = NULL;
        const mw_command *c = NULL;
        mw_error err = {0};
        assert_int_equal(parse(rows[i].line, &a, &c, &err), MW_OK);
        if (rows[i].output)
            assert_string_equal(mw_args_get(a, "output"), rows[i].output);
        else
            assert_null(mw_args_get(a, "output"));
        mw_args_free(a);
    }
    memset(environment, 0, sizeof(environment));
}

static void reads_the_environment(void **state)
{
    mw_args *a = NULL;
    const mw_command *c = NULL;
    mw_error err = {0};

    (void)state;
    environment[0][0] = "MOONWARD_REGION";
    environment[0][1] = "eu-west-1,,us-*";
    environment[1][0] = "MOONWARD_STORE";
    environment[1][1] = "env.db";
    environment[2][0] = "MOONWARD_RULES";
    environment[2][1] = "";
    assert_int_equal(parse("sweep", &a, &c, &err), MW_OK);
    assert_int_equal(mw_args_count(a, "region"), 2);
    assert_string_equal(mw_args_value(a, "region", 1), "us-*");
    assert_string_equal(mw_args_get(a, "store"), "env.db");
    assert_string_equal(mw_args_origin(a, "store"), "MOONWARD_STORE");
    assert_int_equal(mw_args_count(a, "rules"), 0);
    mw_args_free(a);

    assert_int_equal(parse("sweep --store flag.db --region x", &a, &c, &err), MW_OK);
    assert_string_equal(mw_args_get(a, "store"), "flag.db");
    assert_int_equal(mw_args_count(a, "region"), 1);
    mw_args_free(a);

    environment[3][0] = "MOONWARD_FAIL_ON";
    environment[3][1] = "everything";
    assert_int_equal(parse("sweep", &a, &c, &err), MW_ERR_INVALID);
    assert_string_equal(err.message, "MOONWARD_FAIL_ON: 'everything' is not one of critical|high|medium|low|info|none");
    memset(environment, 0, sizeof(environment));
}

/* The tables themselves: what help and the parser rely on. */
static void tables_are_sound(void **state)
{
    size_t n, globals;
    const mw_command *const *all = mw_commands(&n);
    const mw_option *global = mw_global_options(&globals);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        MW_AUTO(mw_buf) help = {0};
        assert_non_null(all[i]->run);
        assert_non_null(all[i]->summary);
        assert_true(all[i]->min_args <= all[i]->max_args);
        assert_true((all[i]->max_args > 0) == (all[i]->arguments != NULL));
        for (size_t k = 0; k < all[i]->option_count; k++) {
            const mw_option *o = &all[i]->options[k];
            assert_non_null(o->help);
            assert_false(mw_str_ends(o->help, "."));
            assert_true(o->value || (!o->choices && !o->repeatable && !o->env));
        }
        assert_int_equal(mw_help_command(all[i], &help, NULL), MW_OK);
        for (const char *line = help.data; *line; line += strcspn(line, "\n") + 1) {
            size_t bytes = strcspn(line, "\n");
            /* A few bytes more than columns: "…" takes three. Examples are to be copied whole. */
            if (bytes > 90 && !mw_str_starts(line, "  moonward "))
                fail_msg("%s --help: %.*s", all[i]->name, (int)bytes, line);
        }
    }
    for (size_t i = 0; i < globals; i++)
        assert_non_null(global[i].help);
}

/*
 * docs/reference/commands.md is this. After a wanted change: MW_UPDATE_GOLDEN=1 ctest -R cli/test_command
 */
static void reference_is_current(void **state)
{
    static const char path[] = MW_SOURCE_DIR "/docs/reference/commands.md";
    MW_AUTO(mw_buf) page = {0};
    MW_AUTO(mw_buf) found = {0};
    size_t n;
    const mw_command *const *all = mw_commands(&n);

    (void)state;
    mw_buf_puts(&page, "# Commands\n\nMade from the table that `--help` is made from.\n\n```\n");
    assert_int_equal(mw_help_global(&page, NULL), MW_OK);
    mw_buf_puts(&page, "```\n");
    for (size_t i = 0; i < n; i++) { /* the global options stand above, once */
        MW_AUTO(mw_buf) help = {0};
        const char *global, *examples;
        assert_int_equal(mw_help_command(all[i], &help, NULL), MW_OK);
        global = strstr(help.data, "\nGlobal options:\n");
        examples = strstr(help.data, "\nExamples:\n");
        mw_buf_printf(&page, "\n## moonward %s\n\n```\n%.*s%s```\n", all[i]->name, (int)(global - help.data), help.data,
                      examples ? examples : "");
    }
    if (getenv("MW_UPDATE_GOLDEN"))
        assert_int_equal(mw_file_write_atomic(path, page.data, page.len, 0644, NULL), MW_OK);
    assert_int_equal(mw_file_read(path, &found, NULL), MW_OK);
    if (strcmp(found.data, page.data) != 0)
        fail_msg("docs/reference/commands.md differs from --help: MW_UPDATE_GOLDEN=1 ctest -R cli/test_command");
}

static void exit_statuses(void **state)
{
    static const struct {
        mw_status status;
        int code;
    } rows[] = {
        {MW_OK, 0},         {MW_ERR_INVALID, 3},     {MW_ERR_NOTFOUND, 3},    {MW_ERR_PARSE, 3},
        {MW_ERR_SCRIPT, 3}, {MW_ERR_UNSUPPORTED, 3}, {MW_ERR_CONFLICT, 3},    {MW_ERR_CREDENTIALS, 4},
        {MW_ERR_NET, 2},    {MW_ERR_IO, 2},          {MW_ERR_NOMEM, 2},       {MW_ERR_TIMEOUT, 2},
        {MW_ERR_LIMIT, 2},  {MW_ERR_AWS, 2},         {MW_ERR_CANCELLED, 130},
    };

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        assert_int_equal(mw_cli_exit_code(rows[i].status), rows[i].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(accepts),
        cmocka_unit_test(reads_the_environment),
        cmocka_unit_test(an_own_option_has_its_own_environment),
        cmocka_unit_test(tables_are_sound),
        cmocka_unit_test(exit_statuses),
        cmocka_unit_test(reference_is_current),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
