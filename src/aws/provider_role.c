/*
 * A role assumed with other credentials, asked for anew before it expires. Relies on its source
 * provider for the signing credentials and on provider_call.c for the call to STS. One refresh
 * serves all waiters (credentials.c). Never keeps the source's credentials.
 *
 * A role with an MFA device asks for a code at the terminal, once in a run: a question that comes up
 * in the middle of a sweep an hour later would find nobody. Before that it looks for a session that
 * the AWS CLI left in ~/.aws/cli/cache, as the CLI itself would. Nothing is ever written there or
 * elsewhere: one call to STS is cheap, and keys on a disk outlive the process that guards them.
 */
#include "aws/credentials_internal.h"
#include "aws/provider_call.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"
#include "base/tty.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_DURATION_SECONDS 3600 /* AssumeRole, STS API Reference */
#define MAX_CACHE_BYTES          ((size_t)1 << 20)
#define MFA_SECONDS              60  /* before its end, a session that nobody can renew is still of use */
#define CACHE_SECONDS            900 /* botocore CachedCredentialFetcher.DEFAULT_EXPIRY_WINDOW_SECONDS */

typedef struct role_provider {
    mw_provider base;
    const mw_aws_config *config;
    const mw_models *models;
    const mw_http *http;
    mw_arena strings;
    mw_assume_role role; /* strings in `strings` */
    char duration[16];
    const char *cached; /* the AWS CLI's file for this role; NULL without MFA */
    bool code_asked;
} role_provider;

static void answered(void *user, mw_status status, const mw_doc *doc, mw_val result, const char *code,
                     const mw_error *error)
{
    role_provider *p = user;
    mw_error err = {0};

    if (status == MW_OK) {
        status = mw__credentials_from_sts(doc, result, p->base.description, &p->base.fresh, &err);
    } else {
        err = *error;
        mw_error_prefix(&err, status, "%s", p->base.description);
        if (mw__is_stale_credentials_code(code))
            mw_provider_invalidate(p->base.source);
    }
    mw__provider_finish(&p->base, status, &err);
}

/* ---- MFA ---- */

/* A code has six digits, AssumeRole TokenCode, STS API Reference. */
static bool is_code(const char *s)
{
    return strspn(s, "0123456789") == 6 && s[6] == '\0';
}

static mw_status ask_code(role_provider *p, mw_secret *code, mw_error *err)
{
    char question[512];
    mw_status st;

    if (p->code_asked)
        return mw_fail(err, MW_ERR_CREDENTIALS,
                       "%s: the session is over or was refused, and its MFA code is asked for "
                       "once; start again, with a longer duration_seconds if the role allows it",
                       p->base.description);
    snprintf(question, sizeof(question), "Enter MFA code for %s: ", p->role.mfa_serial);
    st = mw_tty_ask(question, code, err);
    if (st == MW_ERR_NOTFOUND)
        return mw_fail(err, MW_ERR_CREDENTIALS,
                       "%s: mfa_serial %s asks for a code and there is no terminal to enter it "
                       "at; use a role without MFA, or the keys of a session that has it",
                       p->base.description, p->role.mfa_serial);
    if (st != MW_OK)
        return mw_error_prefix(err, st == MW_ERR_CANCELLED ? st : MW_ERR_CREDENTIALS, "%s", p->base.description);
    p->code_asked = true;
    if (!is_code(code->data))
        return mw_fail(err, MW_ERR_CREDENTIALS, "%s: an MFA code has six digits", p->base.description);
    return MW_OK;
}

/* A session of this role that the AWS CLI left, when it has long enough to live; else false. */
static bool from_cli_cache(role_provider *p, int64_t now_unix)
{
    MW_AUTO(mw_buf) text = {.max = MAX_CACHE_BYTES};
    mw_doc_builder *b = NULL;
    const mw_doc *d;
    bool found = false;

    if (!p->cached || mw_file_read(p->cached, &text, NULL) != MW_OK ||
        mw_doc_builder_new(&mw__secret_doc, &b, NULL) != MW_OK)
        return false;
    d = mw_doc_view(b);
    if (mw_json_read(b, text.data ? text.data : "", text.len, NULL, NULL, NULL) == MW_OK &&
        mw__credentials_from_sts(d, mw_doc_pop(b), p->base.description, &p->base.fresh, NULL) == MW_OK) {
        /* Keys that were refused are not taken a second time. */
        found = p->base.fresh.expires_at_unix - now_unix >= CACHE_SECONDS &&
                strcmp(p->base.fresh.access_key_id, p->base.current.access_key_id) != 0;
        if (found)
            mw_log_debug("%s: the session is the AWS CLI's, from %s", p->base.description, p->cached);
        else
            mw_credentials_clear(&p->base.fresh);
    }
    mw_doc_builder_free(b);
    return found;
}

/*
 * The CLI names the file by the SHA-1 of the call's parameters as Python writes them in JSON, sorted by
 * name, without a session name that was made up (botocore AssumeRoleCredentialFetcher).
 */
static mw_status cli_cache_path(role_provider *p, const mw_assume_role *role, mw_error *err)
{
    MW_AUTO(mw_buf) args = {.max = MAX_CACHE_BYTES};
    MW_AUTO(mw_buf) folder = {.max = 4096};
    const char *const texts[][2] = {{"ExternalId", role->external_id},
                                    {"RoleArn", role->role_arn},
                                    {"RoleSessionName", role->session_name},
                                    {"SerialNumber", role->mfa_serial}};
    uint8_t digest[20];
    char hex[41];
    mw_status st;

    mw_buf_putc(&args, '{');
    if (role->duration_seconds)
        mw_buf_printf(&args, "\"DurationSeconds\": %d", role->duration_seconds);
    for (size_t i = 0; i < MW_COUNT(texts); i++) {
        if (!texts[i][1])
            continue;
        mw_buf_printf(&args, "%s\"%s\": ", args.len > 1 ? ", " : "", texts[i][0]);
        mw_json_write_string(&args, texts[i][1], strlen(texts[i][1]));
    }
    mw_buf_putc(&args, '}');
    if ((st = mw_buf_status(&args, err)) != MW_OK ||
        (st = mw__aws_config_expand(p->config, "~/.aws/cli/cache", &folder, err)) != MW_OK)
        return st;
    mw_sha1(digest, args.data, args.len);
    mw_hex(hex, digest, sizeof(digest));
    p->cached = mw_arena_printf(&p->strings, "%s/%s.json", folder.data, hex);
    return p->cached ? MW_OK : mw_fail(err, MW_ERR_NOMEM, "out of memory");
}

/* ---- asking ---- */

static mw_status ask(mw_provider *base, const mw_credentials *credentials, mw_error *err)
{
    role_provider *p = (role_provider *)base;
    mw_secret code = {0};
    mw_status st = p->role.mfa_serial ? ask_code(p, &code, err) : MW_OK;
    const char *const params[][2] = {
        {"RoleArn", p->role.role_arn}, {"RoleSessionName", p->role.session_name}, {"ExternalId", p->role.external_id},
        {"Policy", p->role.policy},    {"DurationSeconds", p->duration},          {"SerialNumber", p->role.mfa_serial},
        {"TokenCode", code.data},
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

    if (st == MW_OK && (st = mw__provider_call_start(&spec, err)) != MW_OK)
        mw_error_prefix(err, st, "%s", p->base.description);
    mw_secret_clear(&code);
    return st == MW_OK ? MW_ERR_PENDING : st;
}

static mw_status refresh(mw_provider *base, int64_t now_unix, mw_error *err)
{
    if (from_cli_cache((role_provider *)base, now_unix))
        return MW_OK;
    return mw__provider_refresh_from_source(base, now_unix, err);
}

static void clear(mw_provider *base)
{
    mw_arena_clear(&((role_provider *)base)->strings);
}

static const mw_provider_class role_class = {.name = "role", .refresh = refresh, .ask = ask, .clear = clear};

static mw_status keep(role_provider *p, const char *from, const char **to, mw_error *err)
{
    if (from && !(*to = mw_arena_strdup(&p->strings, from)))
        return mw_fail(err, MW_ERR_NOMEM, "out of memory");
    return MW_OK;
}

mw_status mw_provider_assume_role(const mw_aws_config *config, const mw_models *models, const mw_http *http,
                                  mw_provider *source, const mw_assume_role *role, mw_provider **out, mw_error *err)
{
    role_provider *p = NULL;
    char description[512], session[64], ulid[MW_ULID_SIZE];
    mw_status st;

    *out = NULL;
    if (!role->role_arn || !mw_str_starts(role->role_arn, "arn:") || !strstr(role->role_arn, ":role/"))
        return mw_fail(err, MW_ERR_INVALID, "'%s' is not a role (expected arn:aws:iam::ACCOUNT:role/NAME)",
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
    p->base.source = mw_provider_ref(source);
    if (role->mfa_serial)
        p->base.advisory_seconds = p->base.mandatory_seconds = MFA_SECONDS;
    snprintf(p->duration, sizeof(p->duration), "%d",
             role->duration_seconds ? role->duration_seconds : DEFAULT_DURATION_SECONDS);
    if ((st = keep(p, role->role_arn, &p->role.role_arn, err)) != MW_OK ||
        (st = keep(p, role->session_name ? role->session_name : session, &p->role.session_name, err)) != MW_OK ||
        (st = keep(p, role->external_id, &p->role.external_id, err)) != MW_OK ||
        (st = keep(p, role->policy, &p->role.policy, err)) != MW_OK ||
        (st = keep(p, role->mfa_serial, &p->role.mfa_serial, err)) != MW_OK ||
        (st = keep(p, mw__sts_region(config, models, role->region, role->role_arn), &p->role.region, err)) != MW_OK ||
        (role->mfa_serial && config && (st = cli_cache_path(p, role, err)) != MW_OK)) {
        mw_provider_unref(&p->base);
        return st;
    }
    *out = &p->base;
    return MW_OK;
}
