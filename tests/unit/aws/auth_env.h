/* An environment of the test's own, and shared files below the build folder. */
#ifndef MW_TESTS_AUTH_ENV_H
#define MW_TESTS_AUTH_ENV_H

#include "aws/credentials.h"
#include "base/file.h"
#include "support/support.h"

#include <stdio.h>
#include <unistd.h>

#define MAX_ENV 24

static const char *env_pairs[MAX_ENV][2];

static inline void env_clear(void)
{
    memset(env_pairs, 0, sizeof(env_pairs));
}

/* @p value must outlive the test's use of it; NULL unsets. */
static inline void env_set(const char *name, const char *value)
{
    size_t free_at = MAX_ENV;

    for (size_t i = MAX_ENV; i-- > 0;) {
        if (!env_pairs[i][0])
            free_at = i;
        else if (strcmp(env_pairs[i][0], name) == 0) {
            env_pairs[i][1] = value;
            return;
        }
    }
    assert_true(free_at < MAX_ENV);
    env_pairs[free_at][0] = name;
    env_pairs[free_at][1] = value;
}

static inline const char *env_get(const char *name)
{
    for (size_t i = 0; i < MAX_ENV; i++)
        if (env_pairs[i][0] && strcmp(env_pairs[i][0], name) == 0)
            return env_pairs[i][1];
    return NULL;
}

/* A file of this test program; the path lives in @p out. */
static inline const char *write_file(char out[256], const char *name, const char *text)
{
    mw_error err = {0};

    snprintf(out, 256, "%s/%s-%d", MW_BINARY_DIR, name, (int)getpid());
    assert_ok(mw_file_write_atomic(out, text, strlen(text), 0600, &err));
    return out;
}

/* Config from texts (NULL = no such file) under the environment set before. */
static inline mw_status load_config(const char *config, const char *credentials, const char *profile,
                                    mw_aws_config **out, mw_error *err)
{
    static char config_path[256], credentials_path[256];
    mw_aws_config_options o = {.profile = profile, .getenv_fn = env_get};
    mw_status st;

    env_set("AWS_CONFIG_FILE", config ? write_file(config_path, "config", config) : "/nonexistent/config");
    env_set("AWS_SHARED_CREDENTIALS_FILE",
            credentials ? write_file(credentials_path, "credentials", credentials) : "/nonexistent/credentials");
    st = mw_aws_config_load(&o, out, err);
    if (config)
        unlink(config_path);
    if (credentials)
        unlink(credentials_path);
    return st;
}

#endif
