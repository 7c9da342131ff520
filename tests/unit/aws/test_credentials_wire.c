/* Each source that asks over the network, against a loopback server: keys, renewal at the end of their life, failures. */
#include "auth_env.h"

#include "aws/transport.h"
#include "base/mem.h"
#include "fault_server.h"

#include <malloc.h>
#include <time.h>

static const mw_models *models;
static fault_server server;
static atomic_int issued;
static atomic_llong asked_at;      /* when the test says that it is */
static const char *volatile fault; /* NULL = works */

/** @p xml: the answer of that operation; NULL = JSON. */
static void send_keys(int fd, const char *xml)
{
    char body[1024], head[128], end[40];
    time_t t = (time_t)atomic_load(&asked_at) + 3600;
    struct tm tm;
    int n = atomic_fetch_add(&issued, 1) + 1;

    strftime(end, sizeof(end), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
    if (xml)
        snprintf(body, sizeof(body),
                 "<R><%sResult><Credentials><AccessKeyId>KEY%d</AccessKeyId><SecretAccessKey>wire-secret"
                 "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials>"
                 "</%sResult></R>",
                 xml, n, end, xml);
    else
        snprintf(body, sizeof(body),
                 "{\"Code\":\"Success\",\"AccessKeyId\":\"KEY%d\",\"SecretAccessKey\":\"wire-secret\","
                 "\"Token\":\"t\",\"Expiration\":\"%s\"}",
                 n, end);
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
    fault_puts(fd, head);
    fault_puts(fd, body);
}

/* ---- memory that goes back ---- */

static unsigned freed_secrets;

/* Blocks begin clean, for libcurl's own were here before, and move when they grow; none may be given back with the
 * secret in it. */
static void *watching_realloc(void *ctx, void *old, size_t size)
{
    size_t had = old ? malloc_usable_size(old) : 0;
    void *p = size ? calloc(1, size) : NULL;

    (void)ctx;
    if (size && !p)
        return NULL;
    if (size && old)
        memcpy(p, old, had < size ? had : size);
    if (old && memmem(old, had, "wire-secret", 11))
        freed_secrets++;
    free(old);
    return p;
}

static bool answer(int fd, const char *request)
{
    char line[64];

    if (fault) {
        snprintf(line, sizeof(line), "GET /%s ", fault);
        if (strcmp(fault, "denied") != 0)
            return fault_answer(fd, line);
        fault_puts(fd, "HTTP/1.1 403 Forbidden\r\nContent-Length: 94\r\n\r\n"
                       "<ErrorResponse><Error><Code>AccessDenied</Code><Detail>wire-s</Detail></Error>"
                       "</ErrorResponse>");
        return false;
    }
    if (strstr(request, "PUT /latest/api/token"))
        fault_ok(fd, "metadata-token");
    else if (strstr(request, "GET /latest/meta-data/iam/security-credentials/ "))
        fault_ok(fd, "web");
    else
        send_keys(fd, strstr(request, "Action=AssumeRoleWith") ? "AssumeRoleWithWebIdentity"
                      : strstr(request, "Action=AssumeRole")   ? "AssumeRole"
                                                               : NULL);
    return true;
}

typedef struct told {
    unsigned calls;
    mw_status status;
    char message[MW_ERROR_MESSAGE_SIZE];
} told;

static void ready(void *user, mw_status status, const mw_error *error)
{
    told *t = user;

    t->calls++;
    t->status = status;
    snprintf(t->message, sizeof(t->message), "%s", error ? error->message : "");
}

/** The key that @p p gives at @p now, or why it gives none. */
static mw_status key_at(mw_provider *p, const mw_http *http, int64_t now, char out[MW_ERROR_MESSAGE_SIZE])
{
    const mw_credentials *c = NULL;
    mw_error err = {0};
    told t = {0};
    mw_status st;

    atomic_store(&asked_at, now);
    st = mw_provider_get(p, now, &c, ready, &t, &err);

    if (st == MW_ERR_PENDING) {
        assert_ok(http->run(http->ctx, NULL, &err));
        assert_int_equal(t.calls, 1);
        st = t.status == MW_OK ? mw_provider_get(p, now, &c, ready, &t, &err) : t.status;
        if (t.status != MW_OK)
            memcpy(err.message, t.message, sizeof(t.message));
    }
    snprintf(out, MW_ERROR_MESSAGE_SIZE, "%s", st == MW_OK ? c->access_key_id : err.message);
    return st;
}

static char url[64], sts[64], token[256];

static void set_env(const char *source)
{
    env_clear();
    env_set("AWS_REGION", "eu-west-1");
    env_set("AWS_EC2_METADATA_DISABLED", "true");
    if (strcmp(source, "container") == 0) {
        env_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    } else if (strcmp(source, "instance") == 0) {
        env_set("AWS_EC2_METADATA_DISABLED", NULL);
        env_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", sts);
    } else {
        env_set("AWS_ENDPOINT_URL_STS", sts);
    }
    if (strcmp(source, "web identity") == 0) {
        env_set("AWS_WEB_IDENTITY_TOKEN_FILE", token);
        env_set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/x");
    }
}

static const char role_config[] = "[default]\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=base\n"
                                  "[profile base]\naws_access_key_id=AKIABASE\naws_secret_access_key=wire-secret\n";

static void sources(void **state)
{
    static const struct {
        const char *source;
        const char *says[3]; /* of: close, short, denied */
    } rows[] = {
        {"container", {"container credentials", "container credentials", "403"}},
        {"instance", {"instance", "instance", "instance"}},
        {"web identity", {"role/x", "role/x", "AccessDenied"}},
        {"role", {"role/x", "role/x", "AccessDenied"}},
    };
    static const char *const faults[] = {"close", "short", "denied"};

    (void)state;
    for (size_t i = 0; i < MW_COUNT(rows); i++) {
        const char *source = rows[i].source;
        char first[MW_ERROR_MESSAGE_SIZE], second[MW_ERROR_MESSAGE_SIZE];
        int64_t now = time(NULL);
        mw_aws_config *config;
        mw_transport *t;
        mw_provider *p;
        mw_error err = {0};
        const mw_http *http;

        freed_secrets = 0;
        mw_sys.realloc_fn = watching_realloc;
        set_env(source);
        assert_ok(load_config(strcmp(source, "role") == 0 ? role_config : NULL, NULL, NULL, &config, &err));
        assert_ok(mw_transport_new(&(mw_transport_options){0}, &t, &err));
        http = mw_transport_http(t);
        fault = NULL;
        assert_ok(mw_provider_chain(config, models, http, &p, &err));
        if (key_at(p, http, now, first) != MW_OK)
            fail_msg("%s: %s", source, first);
        assert_int_equal(key_at(p, http, now + 60, second), MW_OK);
        assert_string_equal(first, second); /* kept while they live */
        assert_int_equal(key_at(p, http, now + 3590, second), MW_OK);
        assert_string_not_equal(first, second); /* renewed before they end */
        mw_provider_invalidate(p);
        assert_int_equal(key_at(p, http, now + 60, first), MW_OK);
        assert_string_not_equal(first, second); /* and when AWS refuses them */
        mw_provider_unref(p);
        for (size_t f = 0; f < MW_COUNT(faults); f++) {
            int64_t began = mw_mono_ms();

            assert_ok(mw_provider_chain(config, models, http, &p, &err));
            fault = faults[f];
            assert_int_not_equal(key_at(p, http, now, first), MW_OK);
            if (!strstr(first, rows[i].says[f]))
                fail_msg("%s, %s: '%s' does not say '%s'", source, faults[f], first, rows[i].says[f]);
            assert_null(strstr(first, "wire-s"));
            assert_true(mw_mono_ms() - began < 8000);
            mw_provider_unref(p);
        }
        mw_transport_free(t);
        mw_aws_config_free(config);
        mw_sys_reset();
        if (freed_secrets)
            fail_msg("%s: %u blocks were given back with a secret in them", source, freed_secrets);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sources)};
    mw_error err = {0};
    int failed;

    server.answer = answer;
    if (mw_models_builtin(&models, &err) != MW_OK || !fault_start(&server))
        return 1;
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/v2/creds", server.port);
    snprintf(sts, sizeof(sts), "http://127.0.0.1:%d", server.port);
    write_file(token, "wire-jwt", "jwt\n");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(token);
    fault_stop(&server);
    return failed;
}
