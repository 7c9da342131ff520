/*
 * S3 and S3 Control: buckets, their facets, and two writes.
 *
 * Bucket names carry their account, so ownership needs no table; a bucket lives in one region and
 * refuses requests signed for another, as S3 does.
 */
#include "awsim.h"

#include <stdio.h>
#include <stdlib.h>

#define S3_XMLNS "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static struct scope buckets(const struct call *c)
{
    return scope_of(c->world, K_BUCKET, c->account, 0);
}

static const char *bucket_region(const struct thing *t)
{
    return t->scope->world->region[draw_fixed(t, 1, t->scope->world->regions)];
}

/* The account in a bucket's name. */
static bool owner_of(const struct call *c, mw_str name, uint32_t *owner)
{
    long long n;
    if (name.len < 17 || memcmp(name.data, "aw-", 3) != 0 || !mw_parse_int(name.data + 3, 12, &n) ||
        n < (long long)FIRST_ACCOUNT || n >= (long long)FIRST_ACCOUNT + (long long)c->world->accounts)
        return false;
    *owner = (uint32_t)(n - (long long)FIRST_ACCOUNT);
    return true;
}

static bool open_bucket(struct call *c, struct scope *s, struct thing *t, bool anywhere)
{
    uint32_t owner = 0;
    uint64_t index = 0;
    bool known = owner_of(c, c->rest, &owner);
    *s = scope_of(c->world, K_BUCKET, owner, 0);
    if (!known || !thing_of_name(s, c->rest, &index)) {
        fail(c, 404, "NoSuchBucket", "The specified bucket does not exist", "");
        return false;
    }
    if (owner != c->account) {
        fail(c, 403, "AccessDenied", "Access Denied", "");
        return false;
    }
    *t = thing_of(s, index);
    const char *region = bucket_region(t);
    if (!anywhere && strcmp(region, c->region_name) != 0) {
        fail(c, 400, "AuthorizationHeaderMalformed",
             "The authorization header is malformed; the region "
             "is wrong; expecting ",
             region);
        mw_buf_reset(&c->keep);
        say(&c->keep, "<Region>$s</Region>", S(region));
        return false;
    }
    return true;
}

static void list_buckets(struct call *c)
{
    struct scope s = buckets(c);
    struct page p = page_of(c, param(c->params, "continuation-token"), param(c->params, "max-buckets"), 1, 10000, 10000,
                            "InvalidArgument");
    if (!p.good)
        return;
    mw_str prefix = param(c->params, "prefix"), only = param(c->params, "bucket-region");
    bool paged = param(c->params, "max-buckets").data || prefix.data || only.data;
    say(c->out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListAllMyBucketsResult " S3_XMLNS "><Owner><ID>"
        "owner-$s</ID></Owner><Buckets>",
        S(c->account_id));
    uint64_t at = p.from;
    for (uint64_t n = 0; at < s.count && n < p.size; at++) {
        struct thing t = thing_of(&s, s.first + at);
        char name[NAME_SIZE], region[96] = "";
        thing_name(name, &t);
        if ((prefix.len && strncmp(name, prefix.data, prefix.len) != 0) ||
            (only.len && !str_is(only, bucket_region(&t))))
            continue;
        if (paged)
            snprintf(region, sizeof region, "<BucketRegion>%s</BucketRegion>", bucket_region(&t));
        say(c->out, "<Bucket><Name>$s</Name><CreationDate>$T</CreationDate>$s</Bucket>", S(name), U(thing_created(&t)),
            S(region));
        n++;
    }
    text(c->out, "</Buckets>");
    char token[TOKEN_SIZE];
    if (at < s.count)
        say(c->out, "<ContinuationToken>$s</ContinuationToken>", S(token_for(c, token, at)));
    text(c->out, "</ListAllMyBucketsResult>");
}

static void get_location(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!open_bucket(c, &s, &t, true))
        return;
    const char *region = bucket_region(&t);
    say(c->out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint " S3_XMLNS ">$s"
        "</LocationConstraint>",
        S(strcmp(region, "us-east-1") == 0 ? "" : region));
}

static void head_bucket(struct call *c)
{
    struct scope s;
    struct thing t;
    if (open_bucket(c, &s, &t, false))
        say(&c->head, "x-amz-bucket-region: $s\r\n", S(bucket_region(&t)));
}

static void get_versioning(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!open_bucket(c, &s, &t, false))
        return;
    unsigned v = fact(&t, F_VERSIONING);
    say(c->out, "<VersioningConfiguration " S3_XMLNS ">$s</VersioningConfiguration>",
        S(v == 0   ? ""
          : v == 1 ? "<Status>Enabled</Status>"
                   : "<Status>Suspended</Status>"));
}

static void get_encryption(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!open_bucket(c, &s, &t, false))
        return;
    say(c->out,
        "<ServerSideEncryptionConfiguration " S3_XMLNS "><Rule><ApplyServerSideEncryptionByDefault>"
        "<SSEAlgorithm>$s</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false"
        "</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>",
        S(draw(&t, 20, 2) ? "aws:kms" : "AES256"));
}

static void get_acl(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!open_bucket(c, &s, &t, false))
        return;
    say(c->out,
        "<AccessControlPolicy " S3_XMLNS "><Owner><ID>owner-$s</ID></Owner><AccessControlList><Grant>"
        "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>"
        "owner-$s</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>$s</AccessControlList>"
        "</AccessControlPolicy>",
        S(c->account_id), S(c->account_id),
        S(draw(&t, 21, 10) ? ""
                           : "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                             "xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/global/AllUsers"
                             "</URI></Grantee><Permission>READ</Permission></Grant>"));
}

static void get_policy(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!open_bucket(c, &s, &t, false))
        return;
    static const char *const statements[] = {
        NULL,
        "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Condition\":{\"Bool\":"
        "{\"aws:SecureTransport\":\"false\"}},",
        "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":\"s3:GetObject\",",
        "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::888888888888:root\"},\"Action\":"
        "\"s3:GetObject\",",
    };
    const char *statement = statements[fact(&t, F_POLICY)];
    char name[NAME_SIZE];
    thing_name(name, &t);
    if (!statement) {
        fail(c, 404, "NoSuchBucketPolicy", "The bucket policy does not exist", "");
        return;
    }
    say(c->out,
        "{\"Version\":\"2012-10-17\",\"Statement\":[$s\"Resource\":[\"arn:aws:s3:::$s\","
        "\"arn:aws:s3:::$s/*\"]}]}",
        S(statement), S(name), S(name));
}

static void get_policy_status(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!open_bucket(c, &s, &t, false))
        return;
    unsigned p = fact(&t, F_POLICY);
    if (p == 0) {
        fail(c, 404, "NoSuchBucketPolicy", "The bucket policy does not exist", "");
        return;
    }
    say(c->out, "<PolicyStatus " S3_XMLNS "><IsPublic>$s</IsPublic></PolicyStatus>", S(p == 2 ? "true" : "false"));
}

static void write_block(struct call *c, unsigned flags)
{
    say(c->out,
        "<PublicAccessBlockConfiguration " S3_XMLNS "><BlockPublicAcls>$s</BlockPublicAcls>"
        "<IgnorePublicAcls>$s</IgnorePublicAcls><BlockPublicPolicy>$s</BlockPublicPolicy>"
        "<RestrictPublicBuckets>$s</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
        S(flags & 1 ? "true" : "false"), S(flags & 2 ? "true" : "false"), S(flags & 4 ? "true" : "false"),
        S(flags & 8 ? "true" : "false"));
}

static void get_public_access_block(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!open_bucket(c, &s, &t, false))
        return;
    unsigned flags = fact(&t, F_PUBLIC_BLOCK);
    if (flags > 15)
        fail(c, 404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", "");
    else
        write_block(c, flags);
}

static void get_account_block(struct call *c)
{
    struct scope s = buckets(c);
    mw_str account = request_header(c->request, "x-amz-account-id");
    if (account.data && !str_is(account, c->account_id))
        fail(c, 403, "AccessDenied", "Access Denied", "");
    else if (s.key % 3 == 0)
        fail(c, 404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", "");
    else
        write_block(c, s.key % 3 == 1 ? 15 : 5);
}

static void get_tagging(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!open_bucket(c, &s, &t, false))
        return;
    if (draw(&t, 22, 3) == 0) {
        fail(c, 404, "NoSuchTagSet", "The TagSet does not exist", "");
        return;
    }
    say(c->out, "<Tagging " S3_XMLNS "><TagSet><Tag><Key>Owner</Key><Value>$s</Value></Tag></TagSet></Tagging>",
        S(hostile_names[draw(&t, 23, HOSTILE_NAMES)].xml));
}

static void get_logging(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!open_bucket(c, &s, &t, false))
        return;
    char name[NAME_SIZE];
    thing_name(name, &t);
    if (draw(&t, 24, 2))
        say(c->out,
            "<BucketLoggingStatus " S3_XMLNS "><LoggingEnabled><TargetBucket>$s</TargetBucket>"
            "<TargetPrefix>logs/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>",
            S(name));
    else
        text(c->out, "<BucketLoggingStatus " S3_XMLNS "/>");
}

static void put_versioning(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!open_bucket(c, &s, &t, false))
        return;
    bool on = str_has(c->request->body, "<Status>Enabled</Status>");
    if (!on && !str_has(c->request->body, "<Status>Suspended</Status>")) {
        fail(c, 400, "MalformedXML", "The XML you provided was not well-formed", "");
        return;
    }
    char name[NAME_SIZE];
    thing_name(name, &t);
    if (effect_set(c, &s, t.index, F_VERSIONING, on ? 1 : 2))
        (void)effect_note(c, name, on ? "Versioning=Enabled" : "Versioning=Suspended");
}

static void put_public_access_block(struct call *c)
{
    static const char *const flags[] = {"<BlockPublicAcls>true", "<IgnorePublicAcls>true", "<BlockPublicPolicy>true",
                                        "<RestrictPublicBuckets>true"};
    struct scope s;
    struct thing t;
    unsigned value = 0;
    if (!open_bucket(c, &s, &t, false))
        return;
    if (!str_has(c->request->body, "<PublicAccessBlockConfiguration")) {
        fail(c, 400, "MalformedXML", "The XML you provided was not well-formed", "");
        return;
    }
    for (unsigned i = 0; i < 4; i++)
        value |= str_has(c->request->body, flags[i]) ? 1u << i : 0;
    char name[NAME_SIZE], detail[40];
    thing_name(name, &t);
    snprintf(detail, sizeof detail, "PublicAccessBlock=%u", value);
    if (effect_set(c, &s, t.index, F_PUBLIC_BLOCK, value))
        (void)effect_note(c, name, detail);
}

const char *s3_route(struct call *c)
{
    static const struct {
        const char *method, *key, *operation;
    } facets[] = {
        {"GET", "location", "GetBucketLocation"},
        {"GET", "versioning", "GetBucketVersioning"},
        {"GET", "encryption", "GetBucketEncryption"},
        {"GET", "acl", "GetBucketAcl"},
        {"GET", "policy", "GetBucketPolicy"},
        {"GET", "policyStatus", "GetBucketPolicyStatus"},
        {"GET", "publicAccessBlock", "GetPublicAccessBlock"},
        {"GET", "tagging", "GetBucketTagging"},
        {"GET", "logging", "GetBucketLogging"},
        {"PUT", "versioning", "PutBucketVersioning"},
        {"PUT", "publicAccessBlock", "PutPublicAccessBlock"},
    };
    const struct request *r = c->request;
    if (strcmp(c->service, "s3control") == 0)
        return str_is(r->method, "GET") && str_has(r->path, "/configuration/publicAccessBlock") ? "GetPublicAccessBlock"
                                                                                                : NULL;
    mw_str host = request_header(r, "host");
    const char *dot = host.data ? memmem(host.data, host.len, ".localhost", 10) : NULL;
    if (dot)
        c->rest = (mw_str){host.data, (size_t)(dot - host.data)};
    else if (r->path.len > 1)
        c->rest = (mw_str){r->path.data + 1, r->path.len - 1};
    if (c->rest.len && c->rest.data[c->rest.len - 1] == '/')
        c->rest.len--;
    if (!c->rest.len)
        return str_is(r->method, "GET") ? "ListBuckets" : NULL;
    if (memchr(c->rest.data, '/', c->rest.len))
        return NULL; /* objects are not served */
    for (size_t i = 0; i < MW_COUNT(facets); i++)
        if (str_is(r->method, facets[i].method) && param(c->params, facets[i].key).data)
            return facets[i].operation;
    return str_is(r->method, "HEAD") ? "HeadBucket" : NULL;
}

const struct operation s3_operations[] = {
    {"s3", "ListBuckets", list_buckets},
    {"s3", "HeadBucket", head_bucket},
    {"s3", "GetBucketLocation", get_location},
    {"s3", "GetBucketVersioning", get_versioning},
    {"s3", "GetBucketEncryption", get_encryption},
    {"s3", "GetBucketAcl", get_acl},
    {"s3", "GetBucketPolicy", get_policy},
    {"s3", "GetBucketPolicyStatus", get_policy_status},
    {"s3", "GetPublicAccessBlock", get_public_access_block},
    {"s3", "GetBucketTagging", get_tagging},
    {"s3", "GetBucketLogging", get_logging},
    {"s3", "PutBucketVersioning", put_versioning},
    {"s3", "PutPublicAccessBlock", put_public_access_block},
    {"s3control", "GetPublicAccessBlock", get_account_block},
    {NULL, NULL, NULL},
};
