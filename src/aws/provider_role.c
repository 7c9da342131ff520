/*
 * A role assumed with other credentials, asked for anew before it expires. Relies on its source
 * provider for the signing credentials and on provider_call.c for the call to STS. One refresh
 * serves all waiters (credentials.c). Never keeps the source's credentials.
 */
#include "aws/credentials_internal.h"
#include "aws/endpoint_internal.h"
#include "aws/provider_call.h"

#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_DURATION_SECONDS 3600 /* AssumeRole, STS API Reference */

typedef struct role_provider {
    mw_provider base;
    const mw_aws_config *config;
    const mw_models *models;
    const mw_http *http;
    mw_provider *source;
    mw_arena strings;
    mw_assume_role role; /* strings in `strings` */
    char duration[16];
} role_provider;

static void answered(void *user, mw_status status, const mw_doc *doc, mw_val result,
                     const char *code, const mw_error *error)
{
    role_provider *p = user;
    mw_error err = {0};

    if (status == MW_OK) {
        status = mw__credentials_from_sts(doc, result, p->base.description, &p->base.fresh, &err);
    } else {
        err = *error;
        mw_error_prefix(&err, status, "%s", p->base.description);
        if (mw__is_stale_credentials_code(code))
            mw_provider_invalidate(p->source);
    }
    mw__provider_finish(&p->base, status, &err);
}

static mw_status ask(role_provider *p, const mw_credentials *credentials, mw_error *err)
{
    const char *const params[][2] = {
        {"RoleArn", p->role.role_arn},       {"RoleSessionName", p->role.session_name},
        {"ExternalId", p->role.external_id}, {"Policy", p->role.policy},
        {"DurationSeconds", p->duration},
    };
    mw_provider_call spec = {.config = p->config,
                             .models = p->models,
                             .http = p->http,
                             .service = "sts",
                             .operation = "AssumeRole",
                             .region = p->role.region,
                             .credentials = credentials,
                             .params = params,
                             .param_count = MW_COUNT(params),
                             .done = answered,
                             .user = p};
    mw_status st = mw__provider_call_start(&spec, err);

    if (st != MW_OK)
        return mw_error_prefix(err, st, "%s", p->base.description);
    return MW_ERR_PENDING;
}

static void source_ready(void *user, mw_status status, const mw_error *error);

static mw_status begin(role_provider *p, int64_t now_unix, mw_error *err)
{
    const mw_credentials *credentials;
    mw_status st = mw_provider_get(p->source, now_unix, &credentials, source_ready, p, err);

    if (st == MW_OK)
        return ask(p, credentials, err);
    return st == MW_ERR_PENDING ? st : mw_error_prefix(err, st, "%s", p->base.description);
}

static void source_ready(void *user, mw_status status, const mw_error *error)
{
    role_provider *p = user;
    mw_error err = {0};

    if (status == MW_OK) {
        status = begin(p, p->base.asked_at_unix, &err);
        if (status == MW_ERR_PENDING)
            return;
    } else {
        err = *error;
        mw_error_prefix(&err, status, "%s", p->base.description);
    }
    mw__provider_finish(&p->base, status, &err);
}

static mw_status refresh(mw_provider *base, int64_t now_unix, mw_error *err)
{
    return begin((role_provider *)base, now_unix, err);
}

static void clear(mw_provider *base)
{
    role_provider *p = (role_provider *)base;

    mw_provider_unref(p->source);
    mw_arena_clear(&p->strings);
}

static const mw_provider_class role_class = {.name = "role", .refresh = refresh, .clear = clear};

/*
 * Models older than implicitGlobalRegion (2023) list a partition's regions, without saying which is the main one: any
 * true region of it will do, STS being everywhere. None for the first partition, whose list begins with one to opt into.
 */
static const char *listed_region(const mw_doc *d, mw_val partition)
{
    mw_val regions = mw_val_get(d, partition, "regions");
    const char *pattern = mw_val_get_str(d, partition, "regionRegex", NULL);

    for (size_t i = 0; pattern && i < mw_val_len(d, regions); i++) {
        mw_val name = MW_VAL_ABSENT;
        mw_val_member(d, regions, i, &name);
        const char *region = mw_val_str(d, name, NULL);
        if (region && mw__partition_regex(pattern, region))
            return region;
    }
    return NULL;
}

/* The region whose STS is asked when nobody named one: the main region of the role's partition. */
static const char *region_for(const mw_aws_config *config, const mw_models *models,
                              const mw_assume_role *role)
{
    const mw_doc *d = mw_models_doc(models);
    mw_val list = mw_val_get(d, mw_models_partitions(models), "partitions");
    const char *region = role->region;
    const char *partition = strncmp(role->role_arn, "arn:", 4) == 0 ? role->role_arn + 4 : "";

    if (!region && config)
        region = mw_aws_config_region(config);
    for (size_t i = 0; !region && i < mw_val_len(d, list); i++) {
        mw_val p = mw_val_at(d, list, i);
        const char *id = mw_val_get_str(d, p, "id", "");
        size_t n = strlen(id);

        if (strncmp(partition, id, n) != 0 || partition[n] != ':')
            continue;
        region = mw_val_get_str(d, mw_val_get(d, p, "outputs"), "implicitGlobalRegion", NULL);
        if (!region && i > 0)
            region = listed_region(d, p);
        break;
    }
    return region ? region : "us-east-1";
}

static mw_status keep(role_provider *p, const char *from, const char **to, mw_error *err)
{
    if (from && !(*to = mw_arena_strdup(&p->strings, from)))
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    return MW_OK;
}

mw_status mw_provider_assume_role(const mw_aws_config *config, const mw_models *models,
                                  const mw_http *http, mw_provider *source,
                                  const mw_assume_role *role, mw_provider **out, mw_error *err)
{
    role_provider *p = NULL;
    char description[512], session[64], ulid[MW_ULID_SIZE];
    mw_status st;

    *out = NULL;
    if (!role->role_arn || !mw_str_starts(role->role_arn, "arn:") ||
        !strstr(role->role_arn, ":role/"))
        return mw_fail(err, MW_ERR_INVALID,
                       "'%s' is not a role (expected arn:aws:iam::ACCOUNT:role/NAME)",
                       role->role_arn ? role->role_arn : "");
    if (role->duration_seconds < 0)
        return mw_fail(err, MW_ERR_INVALID, "role %s: the duration is negative", role->role_arn);
    if ((st = mw_ulid(ulid, mw_now_ns(), err)) != MW_OK)
        return st;
    snprintf(description, sizeof(description), "role %s", role->role_arn);
    snprintf(session, sizeof(session), "moonward-%s", ulid);
    st = mw__provider_new(&role_class, sizeof(*p), description, &p, err);
    if (st != MW_OK)
        return st;
    p->config = config;
    p->models = models;
    p->http = http;
    p->source = mw_provider_ref(source);
    snprintf(p->duration, sizeof(p->duration), "%d",
             role->duration_seconds ? role->duration_seconds : DEFAULT_DURATION_SECONDS);
    if ((st = keep(p, role->role_arn, &p->role.role_arn, err)) != MW_OK ||
        (st = keep(p, role->session_name ? role->session_name : session, &p->role.session_name,
                   err)) != MW_OK ||
        (st = keep(p, role->external_id, &p->role.external_id, err)) != MW_OK ||
        (st = keep(p, role->policy, &p->role.policy, err)) != MW_OK ||
        (st = keep(p, region_for(config, models, role), &p->role.region, err)) != MW_OK) {
        mw_provider_unref(&p->base);
        return st;
    }
    *out = &p->base;
    return MW_OK;
}
