/* The shared config files and the environment: format, precedence, and what is refused. */
#include "auth_env.h"

#include "aws/config.h"
#include "aws/ini.h"

static const char config_text[] = "\xEF\xBB\xBF# a comment\r\n"
                                  "[default]\r\n"
                                  "region = eu-west-1\r\n"
                                  "output: json\n"
                                  "services = local\n"
                                  "s3 =\n"
                                  "    addressing_style = path\n"
                                  "    ; a comment inside\n"
                                  "    use_accelerate_endpoint=true\n"
                                  "endpoint_url = http://profile.example\n"
                                  "\n"
                                  "[profile prod]\n"
                                  "region = us-east-2   \n"
                                  "role_arn = arn:aws:iam::123456789012:role/x\n"
                                  "raw = 50%(nope)s # kept\n"
                                  "long = one\n"
                                  "   two\n"
                                  "empty =\n"
                                  "use_fips_endpoint = TRUE\n"
                                  "[profile \"two words\"]\n"
                                  "region = ap-south-1\n"
                                  "[profile prod]\n"
                                  "output = text\n"
                                  "[sso-session corp]\n"
                                  "sso_region = eu-central-1\n"
                                  "[services local]\n"
                                  "s3 =\n"
                                  "  endpoint_url = http://s3.local\n"
                                  "elastic_load_balancing_v2 =\n"
                                  "  endpoint_url = http://elb.local\n";

static const char credentials_text[] = "[default]\n"
                                       "aws_access_key_id = AKID\n"
                                       "aws_secret_access_key = secret/with=signs\n"
                                       "region = sa-east-1\n"
                                       "[only-here]\n"
                                       "aws_access_key_id=A\n";

static mw_aws_config *load(const char *profile)
{
    mw_aws_config *c = NULL;
    mw_error err = {0};

    assert_ok(load_config(config_text, credentials_text, profile, &c, &err));
    return c;
}

static void same(const char *got, const char *want)
{
    if (!want)
        assert_null(got);
    else if (!got)
        fail_msg("expected '%s', got nothing", want);
    else
        assert_string_equal(got, want);
}

static void test_values(void **state)
{
    static const struct {
        const char *profile, *key, *want;
    } rows[] = {
        {NULL, "region", "sa-east-1"}, /* the credentials file wins */
        {NULL, "output", "json"},
        {NULL, "OUTPUT", "json"},
        {NULL, "aws_secret_access_key", "secret/with=signs"},
        {NULL, "missing", NULL},
        {NULL, "s3", NULL},
        {"prod", "region", "us-east-2"},
        {"prod", "output", "text"}, /* sections of the same name are one */
        {"prod", "role_arn", "arn:aws:iam::123456789012:role/x"},
        {"prod", "raw", "50%(nope)s # kept"},
        {"prod", "long", "one\ntwo"},
        {"prod", "empty", NULL},
        {"two words", "region", "ap-south-1"},
        {"only-here", "aws_access_key_id", "A"},
        {"nobody", "region", NULL},
    };
    mw_aws_config *c;

    (void)state;
    env_clear();
    c = load(NULL);
    for (size_t i = 0; i < MW_COUNT(rows); i++)
        same(mw_aws_config_get(c, rows[i].profile, rows[i].key), rows[i].want);
    same(mw__aws_config_nested(c, NULL, "s3", "addressing_style"), "path");
    same(mw__aws_config_nested(c, NULL, "s3", "use_accelerate_endpoint"), "true");
    same(mw__aws_config_nested(c, "prod", "s3", "addressing_style"), NULL);
    same(mw__aws_config_section(c, "sso-session", "corp", "sso_region"), "eu-central-1");
    same(mw__aws_config_section(c, "sso-session", "none", "sso_region"), NULL);
    same(mw_aws_config_service(c, "S3", "endpoint_url"), "http://s3.local");
    same(mw_aws_config_service(c, "Elastic Load Balancing v2", "endpoint_url"), "http://elb.local");
    same(mw_aws_config_service(c, "EC2", "endpoint_url"), NULL);
    mw_aws_config_free(c);
}

static void test_profile_choice(void **state)
{
    mw_aws_config *c = NULL;
    mw_error err = {0};

    (void)state;
    env_clear();
    c = load(NULL);
    same(mw_aws_config_profile(c), "default");
    assert_false(mw__aws_config_explicit_profile(c));
    mw_aws_config_free(c);

    env_set("AWS_DEFAULT_PROFILE", "only-here");
    env_set("AWS_PROFILE", "prod");
    c = load(NULL);
    same(mw_aws_config_profile(c), "prod");
    assert_false(mw__aws_config_explicit_profile(c));
    assert_true(mw_aws_config_bool(c, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", false));
    mw_aws_config_free(c);

    c = load("two words");
    same(mw_aws_config_profile(c), "two words");
    assert_true(mw__aws_config_explicit_profile(c));
    mw_aws_config_free(c);

    assert_int_equal(load_config(config_text, NULL, "nobody", &c, &err), MW_ERR_INVALID);
    assert_null(c);
    assert_non_null(strstr(err.message, "nobody"));
    assert_non_null(strstr(err.message, "/config-"));

    env_set("AWS_PROFILE", "gone");
    assert_int_equal(load_config(config_text, NULL, NULL, &c, &err), MW_ERR_INVALID);
    env_clear();
    assert_ok(load_config(NULL, NULL, NULL, &c, &err)); /* no files at all is fine */
    same(mw_aws_config_region(c), NULL);
    mw_aws_config_free(c);
}

static void test_region(void **state)
{
    mw_aws_config *c;

    (void)state;
    env_clear();
    c = load("prod");
    same(mw_aws_config_region(c), "us-east-2");
    env_set("AWS_DEFAULT_REGION", "eu-north-1");
    same(mw_aws_config_region(c), "eu-north-1");
    env_set("AWS_REGION", "ca-west-1");
    same(mw_aws_config_region(c), "ca-west-1");
    env_set("AWS_REGION", ""); /* empty is unset */
    same(mw_aws_config_region(c), "eu-north-1");
    mw_aws_config_free(c);
}

static void test_endpoint_precedence(void **state)
{
    mw_aws_config *c;

    (void)state;
    env_clear();
    c = load(NULL);
    same(mw_aws_config_endpoint_url(c, "EC2"), "http://profile.example");
    same(mw_aws_config_endpoint_url(c, "S3"), "http://s3.local");
    env_set("AWS_ENDPOINT_URL", "http://all");
    same(mw_aws_config_endpoint_url(c, "S3"), "http://all");
    env_set("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", "http://elb");
    same(mw_aws_config_endpoint_url(c, "Elastic Load Balancing v2"), "http://elb");
    env_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    same(mw_aws_config_endpoint_url(c, "S3"), NULL);
    mw_aws_config_free(c);
}

static void test_bool(void **state)
{
    static const struct {
        const char *text;
        bool fallback, want;
    } rows[] = {{"true", false, true}, {"True", false, true}, {"1", false, true},      {"false", true, false},
                {"0", true, false},    {"maybe", true, true}, {"maybe", false, false}, {NULL, true, true}};
    mw_aws_config *c;

    (void)state;
    env_clear();
    c = load(NULL);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        env_set("X", rows[i].text);
        assert_int_equal(mw_aws_config_bool(c, "X", "no_such_key", rows[i].fallback), rows[i].want);
    }
    mw_aws_config_free(c);
}

static void test_expansion(void **state)
{
    static const char *const rows[][2] = {
        {"~/x", "/home/u/x"},   {"~", "/home/u"}, {"~other/x", "~other/x"}, {"$V/${V}y", "val/valy"},
        {"$NOPE/a", "$NOPE/a"}, {"a$", "a$"},     {"${V", "${V"},           {"x~/y", "x~/y"},
    };
    mw_aws_config *c;
    mw_error err = {0};

    (void)state;
    env_clear();
    env_set("HOME", "/home/u");
    env_set("V", "val");
    c = load(NULL);
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        MW_AUTO(mw_buf) b = {0};
        assert_ok(mw__aws_config_expand(c, rows[i][0], &b, &err));
        assert_string_equal(b.data, rows[i][1]);
    }
    mw_aws_config_free(c);
}

static void test_malformed(void **state)
{
    static const struct {
        const char *text, *line;
    } rows[] = {
        {"region = x\n", ":1:"},
        {"[a\n", ":1:"},
        {"[]\n", ":1:"},
        {"[a] b\n", ":1:"},
        {"[a]\nnonsense\n", ":2:"},
        {"[a]\n= value\n", ":2:"},
        {"[a]\nk =\n  nested line\n", ":3:"},
    };
    mw_error err = {0};

    (void)state;
    env_clear();
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        mw_aws_config *c = NULL;

        assert_int_equal(load_config(rows[i].text, NULL, NULL, &c, &err), MW_ERR_INVALID);
        assert_null(c);
        assert_non_null(strstr(err.message, "/config-"));
        assert_non_null(strstr(err.message, rows[i].line));
    }
}

/* A secret on a broken line must not be repeated by the message. */
static void test_no_secret_in_messages(void **state)
{
    mw_aws_config *c = NULL;
    mw_error err = {0};

    (void)state;
    env_clear();
    assert_int_equal(load_config(NULL, "[default]\naws_secret_access_key\twJalrXUtn\n", NULL, &c, &err),
                     MW_ERR_INVALID);
    assert_null(strstr(err.message, "wJalr"));
}

static void test_many_sections(void **state)
{
    MW_AUTO(mw_buf) text = {0};
    MW_AUTO(mw_arena) arena = {0};
    mw_ini ini;
    mw_error err = {0};

    (void)state;
    for (int i = 0; i < 20000; i++)
        mw_buf_printf(&text, "[profile p%d]\nk = %d\n", i, i);
    assert_ok(mw_ini_parse("x", text.data, text.len, &arena, &ini, &err));
    assert_int_equal(ini.count, 20000);
    assert_string_equal(mw_ini_get(mw_ini_find(&ini, "profile p19999"), "k", NULL)->value, "19999");
    assert_null(mw_ini_find(&ini, "profile p20000"));
    assert_int_equal(mw_ini_parse("x", "[a]\0b", 5, &arena, &ini, &err), MW_ERR_INVALID);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    env_clear();
    for (long at = 1; at < 400; at++) {
        static struct failing_alloc f;
        mw_aws_config *c = NULL;
        mw_error err = {0};
        char path[256];
        mw_status st;

        env_set("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
        env_set("AWS_CONFIG_FILE", write_file(path, "oom", config_text));
        f = (struct failing_alloc){.fail_at = at};
        mw_sys.realloc_fn = failing_realloc;
        mw_sys.ctx = &f;
        st = mw_aws_config_load(&(mw_aws_config_options){.getenv_fn = env_get}, &c, &err);
        mw_sys_reset();
        unlink(path);
        mw_aws_config_free(c);
        if (st == MW_OK)
            return;
        assert_int_equal(st, MW_ERR_NOMEM);
    }
    fail_msg("loading never succeeded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),        cmocka_unit_test(test_profile_choice),
        cmocka_unit_test(test_region),        cmocka_unit_test(test_endpoint_precedence),
        cmocka_unit_test(test_bool),          cmocka_unit_test(test_expansion),
        cmocka_unit_test(test_malformed),     cmocka_unit_test(test_no_secret_in_messages),
        cmocka_unit_test(test_many_sections), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
