/*
 * Credentials of an EC2 instance, through instance metadata version 2: a token, the role's name, its
 * keys. Relies on the injected carrier. When the service is out of reach, keys that have expired go
 * on being used for a while (static stability): EC2 renews them as soon as it can. Version 1 is
 * only tried when there is no version 2, and not when AWS_EC2_METADATA_V1_DISABLED says so.
 *
 * Facts: EC2 User Guide, "Use the Instance Metadata Service"; botocore InstanceMetadataFetcher.
 */
#include "aws/credentials_internal.h"
#include "aws/provider_fetch.h"

#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"

#include <string.h>

#define TOKEN_PATH               "/latest/api/token"
#define ROLE_PATH                "/latest/meta-data/iam/security-credentials/"
#define TOKEN_TTL_SECONDS        "21600"
#define DEFAULT_TIMEOUT_S        1
#define DEFAULT_ATTEMPTS         1
/* botocore _evaluate_expiration: pretend that the end is this far off, spread over the fleet */
#define STABILITY_SECONDS        900
#define STABILITY_SPREAD_SECONDS 480
#define STABILITY_LEAST_SECONDS  120

typedef enum step { STEP_TOKEN, STEP_ROLE, STEP_KEYS } step;

typedef struct instance {
    mw_provider base;
    const mw_aws_config *config;
    const mw_http *http;
    char *lead; /* of the failure message, or NULL */
    mw_secret token;
    step at;
} instance;

static mw_status next(instance *p, step at, const char *role, mw_error *err);

/* The end is moved, so that everyone goes on with the keys that are there. */
static int64_t stable_expiry(const instance *p)
{
    uint32_t random = 0;

    mw_sys.random_fn(mw_sys.ctx, &random, sizeof(random));
    return p->base.asked_at_unix + STABILITY_SECONDS + STABILITY_LEAST_SECONDS +
           (int64_t)(random % STABILITY_SPREAD_SECONDS);
}

static void finish(instance *p, mw_status status, const char *why)
{
    const mw_credentials *old = &p->base.current;
    mw_error err = {0};

    mw_secret_clear(&p->token);
    if (status == MW_OK && p->base.fresh.expires_at_unix != 0 &&
        p->base.fresh.expires_at_unix - p->base.asked_at_unix < STABILITY_SECONDS) {
        mw_log_warn("instance metadata: the credentials have not been renewed yet; going on "
                    "with them");
        p->base.fresh.expires_at_unix = stable_expiry(p);
    } else if (status != MW_OK && p->base.usable) {
        mw_log_warn("instance metadata: %s; going on with the credentials of before", why);
        status = mw__credentials_set(&p->base.fresh, old->access_key_id, old->secret_access_key.data,
                                     old->session_token.data, old->account_id, stable_expiry(p), &err);
    } else if (status != MW_OK && p->lead) {
        mw_fail(&err, MW_ERR_CREDENTIALS, "%s, instance metadata (%s)", p->lead, why);
    } else if (status != MW_OK) {
        mw_fail(&err, MW_ERR_CREDENTIALS, "instance metadata: %s", why);
    }
    mw__provider_finish(&p->base, status == MW_OK ? MW_OK : MW_ERR_CREDENTIALS, &err);
}

/* The first line of a plain-text answer; "" when it is not one. */
static void first_line(const mw_http_response *r, char out[256])
{
    size_t n = r->body.data ? strcspn(r->body.data, "\r\n") : 0;

    if (n >= 256)
        n = 0;
    if (n)
        memcpy(out, r->body.data, n);
    out[n] = '\0';
}

static mw_status take_token(instance *p, const mw_http_response *r, mw_error *err)
{
    char line[256];

    if (r && r->status == 200) {
        first_line(r, line);
        return mw_secret_set(&p->token, line, strlen(line), err);
    }
    if (r && r->status == 400)
        return mw_fail(err, MW_ERR_CREDENTIALS, "the token was refused (HTTP status 400)");
    if (mw_aws_config_bool(p->config, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled", false))
        return mw_fail(err, MW_ERR_CREDENTIALS, "version 2 gave no token, version 1 is disabled");
    return MW_OK;
}

static void answered(void *user, const mw_http_response *r, const mw_error *error)
{
    instance *p = user;
    mw_error err = {0};
    mw_status st = MW_OK;
    char role[256] = "";

    if (p->at == STEP_TOKEN && !r && error->status != MW_ERR_TIMEOUT)
        st = mw_fail(&err, MW_ERR_CREDENTIALS, "%s", error->message);
    else if (p->at == STEP_TOKEN)
        st = take_token(p, r, &err);
    else if (!r)
        st = mw_fail(&err, MW_ERR_CREDENTIALS, "%s", error->message);
    else if (r->status != 200)
        st = mw_fail(&err, MW_ERR_CREDENTIALS, "%s: HTTP status %d",
                     p->at == STEP_ROLE ? "the instance has no role" : "the role has no keys", r->status);
    if (st == MW_OK && p->at == STEP_KEYS) {
        st = mw__credentials_from_json(r->body.data ? r->body.data : "", r->body.len, "the answer", &p->base.fresh,
                                       &err);
        if (st == MW_OK && (!mw_secret_is_set(&p->base.fresh.session_token) || p->base.fresh.expires_at_unix == 0))
            st = mw_fail(&err, MW_ERR_CREDENTIALS, "the answer lacks Token or Expiration");
        finish(p, st, err.message);
        return;
    }
    if (st == MW_OK && p->at == STEP_ROLE) {
        first_line(r, role);
        if (!*role || strpbrk(role, "/?#% "))
            st = mw_fail(&err, MW_ERR_CREDENTIALS, "the instance has no role");
    }
    if (st == MW_OK)
        st = next(p, p->at == STEP_TOKEN ? STEP_ROLE : STEP_KEYS, role, &err);
    if (st != MW_OK)
        finish(p, st, err.message);
}

static int number(const instance *p, const char *env, const char *key, int fallback)
{
    const char *text = mw_aws_config_setting(p->config, env, key, NULL);
    long long n;

    return text && mw_parse_int(text, strlen(text), &n) && n > 0 && n <= 60 ? (int)n : fallback;
}

static const char *endpoint_mode(const mw_aws_config *config)
{
    const char *mode = mw_aws_config_setting(config, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                             "ec2_metadata_service_endpoint_mode", NULL);
    bool six = mw_aws_config_bool(config, "AWS_IMDS_USE_IPV6", "imds_use_ipv6", false);

    return mode || !six ? mode : "ipv6"; /* the older name of the same wish */
}

static mw_status next(instance *p, step at, const char *role, mw_error *err)
{
    const char *base =
        mw_aws_config_setting(p->config, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint", NULL);
    const char *mode = endpoint_mode(p->config);
    MW_AUTO(mw_arena) arena = {0};
    int slash;
    mw_fetch fetch = {
        .http = p->http,
        .method = at == STEP_TOKEN ? "PUT" : "GET",
        .timeout_ms = 1000 * number(p, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", DEFAULT_TIMEOUT_S),
        .attempts = number(p, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", DEFAULT_ATTEMPTS),
        .delay_ms = 100,
        .done = answered,
        .user = p,
    };

    if (!base)
        base = mw_str_ieq(mode, "ipv6") ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    slash = mw_str_ends(base, "/");
    fetch.url = mw_arena_printf(&arena, "%.*s%s%s", (int)strlen(base) - slash, base,
                                at == STEP_TOKEN ? TOKEN_PATH : ROLE_PATH, at == STEP_KEYS ? role : "");
    if (!fetch.url)
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    if (at == STEP_TOKEN) {
        fetch.headers[0][0] = "x-aws-ec2-metadata-token-ttl-seconds";
        fetch.headers[0][1] = TOKEN_TTL_SECONDS;
    } else if (mw_secret_is_set(&p->token)) {
        fetch.headers[0][0] = "x-aws-ec2-metadata-token";
        fetch.headers[0][1] = p->token.data;
    }
    p->at = at;
    return mw__fetch_start(&fetch, err);
}

static mw_status refresh(mw_provider *base, int64_t now_unix, mw_error *err)
{
    mw_status st = next((instance *)base, STEP_TOKEN, NULL, err);

    (void)now_unix;
    return st == MW_OK ? MW_ERR_PENDING : mw_error_prefix(err, st, "instance metadata");
}

static void clear(mw_provider *base)
{
    mw_secret_clear(&((instance *)base)->token);
    mw_free(((instance *)base)->lead);
}

static const mw_provider_class instance_class = {.name = "instance", .refresh = refresh, .clear = clear};

mw_status mw__provider_instance(const mw_aws_config *config, const mw_http *http, const char *looked_at,
                                mw_provider **out, mw_error *err)
{
    const char *mode = endpoint_mode(config);
    instance *p = NULL;
    mw_status st;

    *out = NULL;
    if (mw_aws_config_bool(config, "AWS_EC2_METADATA_DISABLED", NULL, false))
        return MW_ERR_NOTFOUND;
    if (mode && !mw_str_ieq(mode, "ipv4") && !mw_str_ieq(mode, "ipv6"))
        return mw_fail(err, MW_ERR_INVALID, "ec2_metadata_service_endpoint_mode is '%s' (expected ipv4 or ipv6)", mode);
    st = mw__provider_new(&instance_class, sizeof(*p), "instance metadata", &p, err);
    if (st != MW_OK)
        return st;
    p->config = config;
    p->http = http;
    if (looked_at && !(p->lead = mw_strdup(looked_at))) {
        mw_provider_unref(&p->base);
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    }
    *out = &p->base;
    return MW_OK;
}
