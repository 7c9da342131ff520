/*
 * Credentials of a container: ECS task roles and EKS Pod Identity. Relies on the variables that the
 * agent sets. The token file is read again for each refresh, because EKS rotates it. Never sends the
 * authorization token over plain HTTP to a host that is not local.
 *
 * Facts: AWS SDKs and Tools Reference Guide, "Container credential provider".
 */
#include "aws/credentials_internal.h"
#include "aws/endpoint_internal.h"
#include "aws/provider_fetch.h"

#include "base/file.h"
#include "base/str.h"

#include <string.h>

#define ECS_HOST   "http://169.254.170.2"
#define TIMEOUT_MS 2000 /* botocore ContainerMetadataFetcher */
#define ATTEMPTS   3
#define DELAY_MS   1000

typedef struct container {
    mw_provider base;
    const mw_aws_config *config;
    const mw_http *http;
} container;

static void answered(void *user, const mw_http_response *response, const mw_error *error)
{
    mw_provider *p = user;
    mw_error err = {0};
    mw_status st;

    if (!response) {
        st = mw_fail(&err, MW_ERR_CREDENTIALS, "%s: %s", p->description, error->message);
    } else if (response->status != 200) {
        st = mw_fail(&err, MW_ERR_CREDENTIALS, "%s: HTTP status %d", p->description, response->status);
    } else {
        st = mw__credentials_from_json(response->body.data ? response->body.data : "", response->body.len,
                                       p->description, &p->fresh, &err);
    }
    mw__provider_finish(p, st, &err);
}

/* Plain HTTP may reach the agent on this host, nobody else. */
static bool host_allowed(const rule_url *url)
{
    static const char *const agents[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

    if (strcmp(url->scheme, "https") == 0 || mw_http_is_loopback(url->host))
        return true;
    for (size_t i = 0; i < MW_COUNT(agents); i++)
        if (mw_http_same_address(url->host, agents[i]))
            return true;
    return false;
}

static mw_status read_token(const mw_aws_config *config, mw_buf *out, mw_error *err)
{
    const char *path = mw_aws_config_env(config, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = mw_aws_config_env(config, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    mw_status st = MW_OK;

    if (path)
        st = mw_file_read(path, out, err);
    else if (token)
        st = mw_buf_add(out, token, strlen(token), err);
    if (st != MW_OK)
        return mw_error_prefix(err, st == MW_ERR_NOMEM ? st : MW_ERR_CREDENTIALS, "container credentials");
    while (path && out->len && (out->data[out->len - 1] == '\n' || out->data[out->len - 1] == '\r'))
        out->data[--out->len] = '\0';
    if (out->data && (strpbrk(out->data, "\r\n") || strlen(out->data) != out->len))
        return mw_fail(err, MW_ERR_CREDENTIALS, "container credentials: the authorization token has a line break");
    return MW_OK;
}

static mw_status refresh(mw_provider *base, int64_t now_unix, mw_error *err)
{
    container *p = (container *)base;
    const char *relative = mw_aws_config_env(p->config, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = mw_aws_config_env(p->config, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    MW_AUTO(mw_buf) token = {.max = 1 << 16};
    MW_AUTO(mw_arena) arena = {0};
    mw_fetch fetch = {.http = p->http,
                      .method = "GET",
                      .timeout_ms = TIMEOUT_MS,
                      .attempts = ATTEMPTS,
                      .delay_ms = DELAY_MS,
                      .done = answered,
                      .user = p};
    rule_url url;
    mw_status st;

    (void)now_unix;
    if (!relative && !full)
        return mw_fail(err, MW_ERR_CREDENTIALS,
                       "container credentials: AWS_CONTAINER_CREDENTIALS_* are not set any more");
    fetch.url = relative ? mw_arena_printf(&arena, ECS_HOST "%s", relative) : full;
    st = fetch.url ? mw__rule_url_parse(&arena, fetch.url, &url) : MW_ERR_NOMEM;
    if (st == MW_ERR_NOMEM)
        return mw_fail(err, st, "out of memory");
    if (st != MW_OK)
        return mw_fail(err, MW_ERR_CREDENTIALS, "container credentials: %s is not a URL",
                       relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" : "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!host_allowed(&url))
        return mw_fail(err, MW_ERR_CREDENTIALS, "container credentials: '%s' must be https, or a local address",
                       url.host);
    if ((st = read_token(p->config, &token, err)) != MW_OK)
        return st;
    fetch.headers[0][0] = "Accept";
    fetch.headers[0][1] = "application/json";
    if (token.len) {
        fetch.headers[1][0] = "Authorization";
        fetch.headers[1][1] = token.data;
    }
    st = mw__fetch_start(&fetch, err);
    return st == MW_OK ? MW_ERR_PENDING : mw_error_prefix(err, st, "container credentials");
}

static const mw_provider_class container_class = {.name = "container", .refresh = refresh};

mw_status mw__provider_container(const mw_aws_config *config, const mw_http *http, mw_provider **out, mw_error *err)
{
    container *p = NULL;
    mw_status st;

    *out = NULL;
    if (!mw_aws_config_env(config, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") &&
        !mw_aws_config_env(config, "AWS_CONTAINER_CREDENTIALS_FULL_URI"))
        return MW_ERR_NOTFOUND;
    st = mw__provider_new(&container_class, sizeof(*p), "container credentials", &p, err);
    if (st != MW_OK)
        return st;
    p->config = config;
    p->http = http;
    *out = &p->base;
    return MW_OK;
}
