/*
 * The JSON protocols: CloudTrail, KMS and tags by JSON 1.1; CloudWatch's ListMetrics by CBOR and JSON 1.0.
 */
#include "awsim.h"

#include <stdio.h>
#include <stdlib.h>

static struct scope here(const struct call *c, enum kind kind)
{
    return scope_of(c->world, kind, c->account, c->region);
}

static const char *yes(bool b)
{
    return b ? "true" : "false";
}

/* ---- CloudTrail ------------------------------------------------------------------------------------------- */

static void trail(struct call *c, const struct thing *t, bool *first)
{
    const char *home = t->scope->world->region[t->scope->region];
    char name[NAME_SIZE];
    thing_name(name, t);
    say(c->out,
        "$s{\"Name\":\"$s\",\"S3BucketName\":\"aw-$s-0\",\"IncludeGlobalServiceEvents\":true,"
        "\"IsMultiRegionTrail\":$s,\"HomeRegion\":\"$s\",\"TrailARN\":\"arn:aws:cloudtrail:$s:$s:trail/$s\","
        "\"LogFileValidationEnabled\":$s$s,\"HasCustomEventSelectors\":false,\"HasInsightSelectors\":false,"
        "\"IsOrganizationTrail\":false}",
        S(*first ? "" : ","), S(name), S(c->account_id), S(yes(fact(t, F_SPANS))), S(home), S(home), S(c->account_id),
        S(name), S(yes(fact(t, F_VALIDATES))),
        S(draw(t, 10, 2) ? ",\"KmsKeyId\":\"arn:aws:kms:us-east-1:111122223333:key/1\"" : ""));
    *first = false;
}

static void describe_trails(struct call *c)
{
    bool first = true, shadows = !str_is(JSON_PARAM(c, "includeShadowTrails"), "false");
    text(c->out, "{\"trailList\":[");
    for (unsigned r = 0; r < c->world->regions; r++) {
        struct scope s = scope_of(c->world, K_TRAIL, c->account, r);
        for (uint64_t i = 0; i < s.count; i++) {
            struct thing t = thing_of(&s, s.first + i);
            if (r == c->region || (shadows && fact(&t, F_SPANS)))
                trail(c, &t, &first);
        }
    }
    text(c->out, "]}");
}

/* By ARN or by name; a trail of all regions answers in each of them by its ARN. */
static bool find_trail(struct call *c, const char *member, struct scope *s, struct thing *t)
{
    mw_str name = JSON_PARAM(c, member);
    const char *slash = name.data ? memrchr(name.data, '/', name.len) : NULL;
    mw_str last = slash ? (mw_str){slash + 1, (size_t)(name.data + name.len - slash - 1)} : name;
    uint64_t index;
    for (unsigned r = 0; r < c->world->regions; r++) {
        *s = scope_of(c->world, K_TRAIL, c->account, r);
        if (!thing_of_name(s, last, &index))
            continue;
        *t = thing_of(s, index);
        if (r == c->region || fact(t, F_SPANS))
            return true;
    }
    fail(c, 400, "TrailNotFoundException", "Unknown trail for this account and region", "");
    return false;
}

static void get_trail_status(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!find_trail(c, "Name", &s, &t))
        return;
    say(c->out,
        "{\"IsLogging\":$s,\"LatestDeliveryTime\":$d.125,\"StartLoggingTime\":1.7040672E9,"
        "\"TimeLoggingStarted\":\"2024-01-01T00:00:00Z\"}",
        S(yes(draw(&t, 11, 10) != 0)), U((uint64_t)c->now - 300));
}

static void get_event_selectors(struct call *c)
{
    struct scope s;
    struct thing t;
    if (!find_trail(c, "TrailName", &s, &t))
        return;
    say(c->out,
        "{\"TrailARN\":\"arn:aws:cloudtrail:$s:$s:trail/trail-$s-$d\",\"EventSelectors\":[{\"ReadWriteType\":"
        "\"All\",\"IncludeManagementEvents\":true,\"DataResources\":[],\"ExcludeManagementEventSources\":[]}]}",
        S(c->world->region[s.region]), S(c->account_id), S(c->world->region[s.region]), U(t.index));
}

/* ---- KMS --------------------------------------------------------------------------------------------------- */

static void list_keys(struct call *c)
{
    struct scope s = here(c, K_KEY);
    struct page p = page_of(c, JSON_PARAM(c, "Marker"), JSON_PARAM(c, "Limit"), 1, 1000, 100, "InvalidMarkerException");
    if (!p.good)
        return;
    text(c->out, "{\"Keys\":[");
    uint64_t at = p.from;
    for (uint64_t n = 0; at < s.count && n < p.size; at++, n++) {
        struct thing t = thing_of(&s, s.first + at);
        char name[NAME_SIZE];
        thing_name(name, &t);
        say(c->out, "$s{\"KeyId\":\"$s\",\"KeyArn\":\"arn:aws:kms:$s:$s:key/$s\"}", S(n ? "," : ""), S(name),
            S(c->region_name), S(c->account_id), S(name));
    }
    char token[TOKEN_SIZE];
    if (at < s.count)
        say(c->out, "],\"Truncated\":true,\"NextMarker\":\"$s\"}", S(token_for(c, token, at)));
    else
        text(c->out, "],\"Truncated\":false}");
}

static bool find_key(struct call *c, struct scope *s, struct thing *t, char name[NAME_SIZE])
{
    mw_str id = JSON_PARAM(c, "KeyId");
    const char *slash = id.data ? memrchr(id.data, '/', id.len) : NULL;
    uint64_t index;
    *s = here(c, K_KEY);
    if (slash)
        id = (mw_str){slash + 1, (size_t)(id.data + id.len - slash - 1)};
    if (!thing_of_name(s, id, &index)) {
        fail(c, 400, "NotFoundException", "The key does not exist", "");
        return false;
    }
    *t = thing_of(s, index);
    thing_name(name, t);
    return true;
}

static void describe_key(struct call *c)
{
    struct scope s;
    struct thing t;
    char name[NAME_SIZE];
    if (!find_key(c, &s, &t, name))
        return;
    bool doomed = fact(&t, F_DOOMED) != 0, pair = draw_fixed(&t, 10, 8) == 0;
    say(c->out,
        "{\"KeyMetadata\":{\"AWSAccountId\":\"$s\",\"KeyId\":\"$s\",\"Arn\":\"arn:aws:kms:$s:$s:key/$s\","
        "\"CreationDate\":$d.0,\"Enabled\":$s,\"Description\":\"$s\",\"KeyUsage\":\"$s\",\"KeyState\":\"$s\","
        "$s\"Origin\":\"AWS_KMS\",\"KeyManager\":\"CUSTOMER\",\"CustomerMasterKeySpec\":\"$s\",\"KeySpec\":"
        "\"$s\",\"MultiRegion\":false}}",
        S(c->account_id), S(name), S(c->region_name), S(c->account_id), S(name), U(thing_created(&t)), S(yes(!doomed)),
        S(hostile_names[draw(&t, 11, HOSTILE_NAMES)].json), S(pair ? "SIGN_VERIFY" : "ENCRYPT_DECRYPT"),
        S(doomed ? "PendingDeletion" : "Enabled"), S(doomed ? "\"DeletionDate\":1.9E9," : ""),
        S(pair ? "RSA_2048" : "SYMMETRIC_DEFAULT"), S(pair ? "RSA_2048" : "SYMMETRIC_DEFAULT"));
}

static void get_rotation(struct call *c)
{
    struct scope s;
    struct thing t;
    char name[NAME_SIZE];
    if (!find_key(c, &s, &t, name))
        return;
    if (draw_fixed(&t, 10, 8) == 0)
        fail(c, 400, "UnsupportedOperationException", "Keys of this kind do not rotate", "");
    else
        say(c->out, "{\"KeyRotationEnabled\":$s,\"KeyId\":\"$s\"}", S(yes(fact(&t, F_ROTATES))), S(name));
}

static void get_key_policy(struct call *c)
{
    struct scope s;
    struct thing t;
    char name[NAME_SIZE], policy[512];
    if (!find_key(c, &s, &t, name))
        return;
    snprintf(policy, sizeof policy,
             "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"root\",\"Effect\":\"Allow\",\"Principal\":"
             "{\"AWS\":\"%s\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}]}",
             draw(&t, 12, 10) ? "arn:aws:iam::111122223333:root" : "*");
    say(c->out, "{\"Policy\":\"$j\",\"PolicyName\":\"default\"}", S(policy));
}

/* ---- tags ----------------------------------------------------------------------------------------------------- */

static void get_resources(struct call *c)
{
    struct scope keys = here(c, K_KEY), functions = here(c, K_FUNCTION);
    struct page p =
        page_of(c, JSON_PARAM(c, "PaginationToken").len ? JSON_PARAM(c, "PaginationToken") : (mw_str){NULL, 0},
                JSON_PARAM(c, "ResourcesPerPage"), 1, 100, 100, "PaginationTokenExpiredException");
    if (!p.good)
        return;
    text(c->out, "{\"ResourceTagMappingList\":[");
    uint64_t at = p.from, total = keys.count + functions.count, n = 0;
    for (; at < total && n < p.size; at++) {
        bool key = at < keys.count;
        const struct scope *s = key ? &keys : &functions;
        struct thing t = thing_of(s, s->first + (key ? at : at - keys.count));
        if (draw(&t, 1, 3) == 0)
            continue; /* never tagged: not in the list */
        char name[NAME_SIZE];
        thing_name(name, &t);
        say(c->out, "$s{\"ResourceARN\":\"arn:aws:$s:$s:$s:$s$s\",\"Tags\":[{\"Key\":\"Owner\",\"Value\":\"$s\"}]}",
            S(n ? "," : ""), S(key ? "kms" : "lambda"), S(c->region_name), S(c->account_id),
            S(key ? "key/" : "function:"), S(name), S(hostile_names[draw(&t, 2, HOSTILE_NAMES)].json));
        n++;
    }
    char token[TOKEN_SIZE];
    say(c->out, "],\"PaginationToken\":\"$s\"}", S(at < total ? token_for(c, token, at) : ""));
}

/* ---- CloudWatch ----------------------------------------------------------------------------------------------- */

static void cbor_head(mw_buf *o, unsigned major, uint64_t n)
{
    if (n < 24) {
        (void)mw_buf_putc(o, (char)(major << 5 | n));
    } else {
        const char head[3] = {(char)(major << 5 | 25), (char)(n >> 8), (char)n};
        (void)mw_buf_add(o, head, 3, NULL);
    }
}

static void cbor_string(mw_buf *o, const char *s)
{
    cbor_head(o, 3, strlen(s));
    (void)mw_buf_puts(o, s);
}

static void metric_cbor(mw_buf *o, const char *instance)
{
    cbor_head(o, 5, 3);
    cbor_string(o, "Namespace");
    cbor_string(o, "AWS/EC2");
    cbor_string(o, "MetricName");
    cbor_string(o, "CPUUtilization");
    cbor_string(o, "Dimensions");
    cbor_head(o, 4, 1);
    cbor_head(o, 5, 2);
    cbor_string(o, "Name");
    cbor_string(o, "InstanceId");
    cbor_string(o, "Value");
    cbor_string(o, instance);
}

static void metric_json(mw_buf *o, const char *instance)
{
    say(o,
        "{\"Namespace\":\"AWS/EC2\",\"MetricName\":\"CPUUtilization\",\"Dimensions\":[{\"Name\":"
        "\"InstanceId\",\"Value\":\"$s\"}]}",
        S(instance));
}

/* One metric for each instance that runs, 500 on a page, as CloudWatch has it; by CBOR or JSON. */
static void list_metrics(struct call *c)
{
    bool cbor = c->protocol == P_CBOR;
    struct scope s = here(c, K_INSTANCE);
    struct page p = page_of(c, cbor ? cbor_text(c->request->body, "NextToken") : JSON_PARAM(c, "NextToken"),
                            (mw_str){NULL, 0}, 1, 500, 500, "InvalidParameterValue");
    if (!p.good)
        return;
    uint64_t at = p.from;
    char token[TOKEN_SIZE], name[NAME_SIZE];
    if (cbor) {
        (void)mw_buf_putc(c->out, (char)0xbf); /* lengths are not known yet */
        cbor_string(c->out, "Metrics");
        (void)mw_buf_putc(c->out, (char)0x9f);
    } else {
        text(c->out, "{\"Metrics\":[");
    }
    for (uint64_t n = 0; at < s.count && n < p.size; at++) {
        struct thing t = thing_of(&s, s.first + at);
        if (fact(&t, F_STATE) != 0)
            continue;
        thing_name(name, &t);
        if (!cbor && n)
            text(c->out, ",");
        (cbor ? metric_cbor : metric_json)(c->out, name);
        n++;
    }
    if (!cbor) {
        say(c->out, at < s.count ? "],\"NextToken\":\"$s\"}" : "]$s}", S(at < s.count ? token_for(c, token, at) : ""));
        return;
    }
    (void)mw_buf_putc(c->out, (char)0xff);
    if (at < s.count) {
        cbor_string(c->out, "NextToken");
        cbor_string(c->out, token_for(c, token, at));
    }
    (void)mw_buf_putc(c->out, (char)0xff);
}

const struct operation json_operations[] = {
    {"cloudtrail", "DescribeTrails", describe_trails},
    {"cloudtrail", "GetTrailStatus", get_trail_status},
    {"cloudtrail", "GetEventSelectors", get_event_selectors},
    {"kms", "ListKeys", list_keys},
    {"kms", "DescribeKey", describe_key},
    {"kms", "GetKeyRotationStatus", get_rotation},
    {"kms", "GetKeyPolicy", get_key_policy},
    {"resourcegroupstaggingapi", "GetResources", get_resources},
    {"cloudwatch", "ListMetrics", list_metrics},
    {NULL, NULL, NULL},
};
