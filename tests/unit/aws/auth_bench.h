/* A provider chain on a scripted carrier, a stopped clock and an environment of the test's own. */
#ifndef MW_TESTS_AUTH_BENCH_H
#define MW_TESTS_AUTH_BENCH_H

#include "auth_env.h"
#include "auth_http.h"

#include "aws/credentials_internal.h"

#define T0 INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

static inline int64_t clock_ns(void *ctx)
{
    (void)ctx;
    return T0 * INT64_C(1000000000);
}

static inline int setup(void **state)
{
    (void)state;
    env_clear();
    env_set("AWS_EC2_METADATA_DISABLED", "true");
    env_set("AWS_REGION", "eu-west-1");
    mw_sys.clock_real_ns = clock_ns;
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    mw_sys_reset();
    return 0;
}

typedef struct bench {
    mw_aws_config *config;
    const mw_models *models;
    fake_http fake;
    mw_provider *p;
    mw_error err;
} bench;

static inline mw_status open_bench(bench *t, const char *config, const char *credentials, const char *profile,
                                   const fake_answer *answers, size_t count)
{
    mw_error err = {0};

    memset(t, 0, sizeof(*t));
    assert_ok(mw_models_builtin(&t->models, &err));
    assert_ok(load_config(config, credentials, profile, &t->config, &err));
    fake_init(&t->fake, answers, count);
    return mw_provider_chain(t->config, t->models, &t->fake.http, &t->p, &t->err);
}

static inline void close_bench(bench *t)
{
    assert_int_equal(t->fake.answered, t->fake.answer_count);
    mw_provider_unref(t->p);
    mw_aws_config_free(t->config);
}

/* What a waiter was told. */
typedef struct told {
    unsigned calls;
    mw_status status;
    char message[MW_ERROR_MESSAGE_SIZE];
} told;

static inline void ready(void *user, mw_status status, const mw_error *error)
{
    told *t = user;

    t->calls++;
    t->status = status;
    snprintf(t->message, sizeof(t->message), "%s", error ? error->message : "");
}

/* Get, running the carrier when it is pending. */
static inline mw_status get_now(bench *t, int64_t now, const mw_credentials **out)
{
    told w = {0};
    mw_status st = mw_provider_get(t->p, now, out, ready, &w, &t->err);

    if (st != MW_ERR_PENDING)
        return st;
    t->fake.http.run(&t->fake, NULL, NULL);
    assert_int_equal(w.calls, 1);
    if (w.status != MW_OK) {
        snprintf(t->err.message, sizeof(t->err.message), "%s", w.message);
        return w.status;
    }
    st = mw_provider_get(t->p, now, out, ready, &w, &t->err);
    assert_int_equal(w.calls, 1);
    return st;
}

#define STS_OK(key, expiry)                                                                                            \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"                       \
    "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/s</Arn>"                                           \
    "<AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>" key                               \
    "</AccessKeyId><SecretAccessKey>sts-secret-0123</SecretAccessKey><SessionToken>"                                   \
    "sts-token-0123</SessionToken><Expiration>" expiry                                                                 \
    "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
#define STS_ERROR(code, message)                                                                                       \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" message                                  \
    "</Message></Error><RequestId>r</RequestId></ErrorResponse>"

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
