/*
 * The endpoint of one call: gathers the rule set's parameters from the operation's model, the
 * call's parameters, the region and the configuration, evaluates, and settles how to sign. Relies
 * on endpoint_rules.c for the decision itself. Services are not known by name here, except S3, whose
 * built-ins and directory buckets exist only for it.
 *
 * Order of sources: Smithy 2.0, "Endpoint rule sets", parameter binding; S3 details as botocore's
 * customize_endpoint_resolver_builtins and ClientArgsCreator have them.
 */
#include "aws/config.h"
#include "aws/endpoint_internal.h"

#include "base/str.h"
#include "moonward/jmespath.h"

#include <string.h>

typedef struct resolver {
    const mw_endpoint_request *q;
    const mw_service *service;
    const mw_doc *doc; /* the pack's: rule sets and partitions */
    mw_doc_builder *b;
    mw_val params; /* the call's, copied into b, or ABSENT */
    mw_arena *arena;
    const char *region; /* without fips- */
    const char *custom; /* endpoint override or NULL */
    bool fips, dualstack;
    mw_error *err;
} resolver;

/* ---- settings ---- */

static bool flag(const resolver *r, const char *env, const char *key, bool fallback)
{
    return r->q->config ? mw_aws_config_bool(r->q->config, env, key, fallback) : fallback;
}

static const char *s3_setting(const resolver *r, const char *key)
{
    return r->q->config ? mw__aws_config_nested(r->q->config, NULL, "s3", key) : NULL;
}

static bool s3_flag(const resolver *r, const char *key, bool fallback)
{
    const char *value = s3_setting(r, key);

    return value ? mw_str_ieq(value, "true") : fallback;
}

/* "fips-us-gov-west-1" and "us-east-1-fips" are old names for FIPS in that region. */
static mw_status settle_region(resolver *r)
{
    const char *region = r->q->region ? r->q->region : "";
    size_t len = strlen(region);

    r->region = region;
    if (mw_str_starts(region, "fips-")) {
        r->region = region + 5;
        r->fips = true;
    } else if (mw_str_ends(region, "-fips")) {
        r->region = mw_arena_strndup(r->arena, region, len - 5);
        r->fips = true;
    }
    if (!r->region)
        return mw_fail(r->err, MW_ERR_NOMEM, "out of memory");
    if (*r->region && !mw__host_label_valid(r->region, false))
        return mw_fail(r->err, MW_ERR_INVALID, "region '%s' is not a region name (expected one like eu-west-1)",
                       region);
    return MW_OK;
}

static mw_status settle(resolver *r)
{
    mw_status st;

    r->custom = r->q->endpoint_url;
    if (!r->custom && r->q->config)
        r->custom = mw_aws_config_endpoint_url(r->q->config, mw_service_id(r->service));
    st = settle_region(r);
    if (st != MW_OK)
        return st;
    r->fips = flag(r, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", r->fips);
    r->dualstack = flag(r, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", false);
    if (r->custom) /* rule sets refuse the combination */
        r->fips = r->dualstack = false;
    return MW_OK;
}

/* ---- built-ins ---- */

static const char *bucket_of(const resolver *r)
{
    return mw_val_get_str(mw_doc_view(r->b), r->params, "Bucket", NULL);
}

static bool force_path_style(const resolver *r)
{
    const char *style = s3_setting(r, "addressing_style");
    const char *bucket = bucket_of(r);

    /* The region of the bucket is what is asked for: a virtual host would answer with a redirect. */
    if (strcmp(mw_operation_name(r->q->operation), "GetBucketLocation") == 0)
        return true;
    if ((bucket && mw_str_starts(bucket, "arn:")) || s3_flag(r, "use_accelerate_endpoint", false))
        return false;
    /* moto, MinIO and LocalStack have no wildcard DNS */
    return r->custom ? !mw_str_eq(style, "virtual") : mw_str_eq(style, "path");
}

static void add_text(resolver *r, const char *name, const char *value)
{
    if (value && *value)
        mw_doc_member_str(r->b, name, value);
}

static void add_builtin(resolver *r, const char *name, const char *builtin)
{
    static const struct {
        const char *builtin, *env, *key;
        bool fallback;
    } flags[] = {
        {"AWS::S3::UseArnRegion", "AWS_S3_USE_ARN_REGION", "s3_use_arn_region", true},
        {"AWS::S3Control::UseArnRegion", NULL, "s3_use_arn_region", false},
        {"AWS::S3::DisableMultiRegionAccessPoints", "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
         "s3_disable_multiregion_access_points", false},
        {"AWS::S3::DisableS3ExpressSessionAuth", "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
         "s3_disable_express_session_auth", false},
        {"AWS::S3::UseGlobalEndpoint", NULL, NULL, false},
        {"AWS::STS::UseGlobalEndpoint", NULL, NULL, false},
    };

    if (strcmp(builtin, "AWS::Region") == 0) {
        add_text(r, name, r->region);
    } else if (strcmp(builtin, "AWS::UseFIPS") == 0) {
        mw_doc_member_bool(r->b, name, r->fips);
    } else if (strcmp(builtin, "AWS::UseDualStack") == 0) {
        mw_doc_member_bool(r->b, name, r->dualstack);
    } else if (strcmp(builtin, "SDK::Endpoint") == 0) {
        add_text(r, name, r->custom);
    } else if (strcmp(builtin, "AWS::Auth::AccountId") == 0) {
        add_text(r, name, r->q->account);
    } else if (strcmp(builtin, "AWS::Auth::AccountIdEndpointMode") == 0) {
        const char *mode =
            mw_aws_config_setting(r->q->config, "AWS_ACCOUNT_ID_ENDPOINT_MODE", "account_id_endpoint_mode", NULL);
        add_text(r, name, mode ? mode : "preferred");
    } else if (strcmp(builtin, "AWS::S3::ForcePathStyle") == 0) {
        mw_doc_member_bool(r->b, name, force_path_style(r));
    } else if (strcmp(builtin, "AWS::S3::Accelerate") == 0) {
        mw_doc_member_bool(r->b, name, s3_flag(r, "use_accelerate_endpoint", false));
    } else {
        for (size_t i = 0; i < MW_COUNT(flags); i++)
            if (strcmp(builtin, flags[i].builtin) == 0)
                mw_doc_member_bool(r->b, name,
                                   flags[i].key ? flag(r, flags[i].env, flags[i].key, flags[i].fallback)
                                                : flags[i].fallback);
    }
}

/* ---- the operation's own parameters ---- */

/* Value of a rule-set parameter that the call itself decides; ABSENT when it does not. */
static mw_status from_operation(resolver *r, const char *name, mw_val *out, const mw_doc **doc)
{
    const mw_operation *op = r->q->operation;
    const mw_shape *input = mw_operation_input(op);
    mw_val fixed = mw_val_get(r->doc, mw_operation_extra(op, "staticContextParams"), name);
    mw_val dynamic = mw_val_get(r->doc, mw_operation_extra(op, "operationContextParams"), name);
    const char *path;

    *doc = r->doc;
    *out = mw_val_get(r->doc, fixed, "value");
    if (*out != MW_VAL_ABSENT)
        return MW_OK;
    *doc = mw_doc_view(r->b);
    for (size_t i = 0; input && i < mw_shape_member_count(input); i++) {
        const mw_member *m = mw_shape_member_at(input, i);

        if (mw_str_eq(mw_member_context_param(m), name)) {
            *out = mw_val_get(*doc, r->params, mw_member_name(m));
            if (*out != MW_VAL_ABSENT)
                return MW_OK;
        }
    }
    path = mw_val_get_str(r->doc, dynamic, "path", NULL);
    if (path && r->params != MW_VAL_ABSENT) {
        mw_jmespath *j = NULL;
        mw_status st = mw_jmespath_compile(path, strlen(path), &j, r->err);

        if (st == MW_OK)
            st = mw_jmespath_eval(j, r->b, r->params, out, r->err);
        mw_jmespath_free(j);
        return st;
    }
    return MW_OK;
}

/* Values are found first and the object is built afterwards: an evaluation adds to the builder. */
static mw_status build_parameters(resolver *r, mw_val ruleset, mw_val *out)
{
    mw_val specs = mw_val_get(r->doc, ruleset, "parameters");
    size_t n = mw_val_len(r->doc, specs);
    mw_val *values = mw_arena_alloc(r->arena, (n ? n : 1) * sizeof(*values));
    const mw_doc **docs = mw_arena_alloc(r->arena, (n ? n : 1) * sizeof(*docs));

    if (!values || !docs)
        return mw_fail(r->err, MW_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        mw_val key;
        mw_status st;

        mw_val_member(r->doc, specs, i, &key);
        st = from_operation(r, mw_val_str(r->doc, key, NULL), &values[i], &docs[i]);
        if (st != MW_OK)
            return st;
    }
    mw_doc_begin_object(r->b);
    for (size_t i = 0; i < n; i++) {
        mw_val key;
        mw_val spec = mw_val_member(r->doc, specs, i, &key);
        const char *name = mw_val_str(r->doc, key, NULL);
        const char *builtin = mw_val_get_str(r->doc, spec, "builtIn", NULL);
        mw_kind kind = mw_val_kind(docs[i], values[i]);

        if (kind != MW_KIND_ABSENT && kind != MW_KIND_NULL) {
            mw_doc_ckey(r->b, name);
            if (docs[i] == r->doc)
                mw_doc_add_copy(r->b, r->doc, values[i]);
            else
                mw_doc_add_val(r->b, values[i]);
        } else if (builtin) {
            add_builtin(r, name, builtin);
        } else if (strcmp(name, "DisableS3ExpressSessionAuth") == 0) {
            add_builtin(r, name, "AWS::S3::DisableS3ExpressSessionAuth"); /* a setting by another name */
        }
    }
    mw_doc_end_object(r->b);
    *out = mw_doc_pop(r->b);
    return mw_doc_builder_status(r->b, r->err);
}

/* ---- results ---- */

/* For a service whose pack has no rule set (models of 2022 and older lack some). */
static mw_status by_pattern(resolver *r, mw_endpoint *out)
{
    mw_val p = mw__partition_find(r->doc, mw_models_partitions(mw_service_models(r->service)), r->region);
    mw_val outputs = mw_val_get(r->doc, p, "outputs");
    const char *suffix = mw_val_get_str(r->doc, outputs, r->dualstack ? "dualStackDnsSuffix" : "dnsSuffix",
                                        r->dualstack ? "api.aws" : "amazonaws.com");
    const char *url = r->custom;

    *out = (mw_endpoint){.properties = MW_VAL_ABSENT};
    if (!url && !*r->region)
        return mw_fail(r->err, MW_ERR_INVALID, "%s: no region is set", mw_service_name(r->service));
    if (!url)
        url = mw_arena_printf(r->arena, "https://%s%s.%s.%s", mw_service_endpoint_prefix(r->service),
                              r->fips ? "-fips" : "", r->region, suffix);
    if (!url)
        return mw_fail(r->err, MW_ERR_NOMEM, "out of memory");
    return mw__endpoint_set_url(r->arena, url, out, r->err);
}

/* The profile may say where a Version 4A signature is to be good. */
static const char *region_set(const resolver *r)
{
    return mw_aws_config_setting(r->q->config, "AWS_SIGV4A_SIGNING_REGION_SET", "sigv4a_signing_region_set", NULL);
}

static mw_status settle_signing(resolver *r, mw_endpoint *out)
{
    const char *auth = mw_operation_auth_type(r->q->operation);
    const char *version = mw_service_signature_version(r->service);
    const char *set;

    if (mw_str_eq(auth, "none"))
        out->auth_scheme = "none";
    else if (mw_str_eq(auth, "bearer") || (!out->auth_scheme && mw_str_eq(version, "bearer")))
        out->auth_scheme = "bearer";
    else if (mw_str_eq(auth, "v4a"))
        out->auth_scheme = "sigv4a";
    else if (!out->auth_scheme) {
        out->auth_scheme = "sigv4";
        out->single_encode = mw_str_eq(version, "s3v4");
    }
    if (!out->signing_name)
        out->signing_name = mw_service_signing_name(r->service);
    if (strcmp(out->auth_scheme, "sigv4a") == 0 && (set = region_set(r)) != NULL)
        out->signing_region = mw_arena_strdup(r->arena, set);
    if (!out->signing_region)
        out->signing_region = mw_arena_strdup(r->arena, *r->region ? r->region : "us-east-1");
    return out->signing_region ? MW_OK : mw_fail(r->err, MW_ERR_NOMEM, "out of memory");
}

/*
 * A name cannot stand before an address: where s3control's rule set puts the account in front of a
 * custom endpoint that is an IP address, the address alone is meant. Such endpoints (local test
 * servers) find the account by the signature.
 */
static mw_status keep_address(resolver *r, mw_endpoint *out)
{
    rule_url custom;
    size_t host, whole;
    mw_status st;

    if (!r->custom)
        return MW_OK;
    st = mw__rule_url_parse(r->arena, r->custom, &custom);
    if (st != MW_OK)
        return mw_fail(r->err, st, "'%s' is not an endpoint URL", r->custom);
    host = strlen(custom.host);
    whole = strlen(out->host);
    if (custom.is_ip && whole > host && mw_str_ends(out->host, custom.host))
        out->host = out->host + whole - host;
    out->is_address = custom.is_ip;
    return MW_OK;
}

/*
 * Models from before directory buckets would send what is meant for one to the general endpoint,
 * signed for the other service. Names that end so are reserved: no other bucket can be meant.
 */
static mw_status check_bucket(const resolver *r)
{
    const char *bucket = r->q->params_doc && strcmp(mw_service_name(r->service), "s3") == 0
                             ? mw_val_get_str(r->q->params_doc, r->q->params, "Bucket", NULL)
                             : NULL;

    if (!bucket || !mw_str_ends(bucket, "--x-s3") || mw_service_operation(r->service, "CreateSession"))
        return MW_OK;
    return mw_fail(r->err, MW_ERR_UNSUPPORTED, "%s is a directory bucket, which the models of botocore %s do not know",
                   bucket, mw_models_botocore_version(mw_service_models(r->service)));
}

mw_status mw_endpoint_resolve(const mw_endpoint_request *q, mw_arena *arena, mw_endpoint *out, mw_error *err)
{
    resolver r = {.q = q, .arena = arena, .params = MW_VAL_ABSENT, .err = err};
    mw_val ruleset, params = MW_VAL_ABSENT;
    mw_status st;

    r.service = mw_operation_service(q->operation);
    r.doc = mw_models_doc(mw_service_models(r.service));
    ruleset = mw_service_ruleset(r.service);
    if ((st = check_bucket(&r)) != MW_OK || (st = settle(&r)) != MW_OK)
        return st;
    if (mw_val_kind(r.doc, ruleset) != MW_KIND_OBJECT) {
        if ((st = by_pattern(&r, out)) == MW_OK && (st = keep_address(&r, out)) == MW_OK)
            st = settle_signing(&r, out);
        return st;
    }
    st = mw_doc_builder_new(NULL, &r.b, err);
    if (st != MW_OK)
        return st;
    if (q->params_doc && mw_val_kind(q->params_doc, q->params) == MW_KIND_OBJECT) {
        mw_doc_add_copy(r.b, q->params_doc, q->params);
        r.params = mw_doc_pop(r.b);
    }
    st = build_parameters(&r, ruleset, &params);
    if (st == MW_OK)
        st = mw_ruleset_eval(r.doc, ruleset, mw_models_partitions(mw_service_models(r.service)), r.b, params, arena,
                             out, err);
    if (st == MW_OK && (st = keep_address(&r, out)) == MW_OK)
        st = settle_signing(&r, out);
    else
        mw_error_prefix(err, st, "%s %s in '%s'", mw_service_name(r.service), mw_operation_name(q->operation),
                        r.region);
    out->properties = MW_VAL_ABSENT; /* lies in the builder that ends here */
    mw_doc_builder_free(r.b);
    return st;
}
