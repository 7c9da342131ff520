/*
 * How fast answers become documents, beside the parsers that the field knows, in one run on the
 * same bytes: XML against expat with handlers that only count, JSON (led by a model, and plain)
 * against jansson's tree. Ratios are what counts, so the machine does not matter: XML at least 1.5
 * times expat's speed, JSON at least 2 times jansson's.
 *
 *   bench_parse [ITEMS] [CASE]     default: 1000 items in each answer, all cases; ends with 2 when
 * a goal is missed
 */
#include "bench.h"

#include "aws/protocol.h"
#include "base/buf.h"

#include <expat.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS     15
#define XML_GOAL   1.5
#define JSON_GOAL  2.0
#define ROUND_TIME 0.02 /* seconds at least: small answers are parsed several times */

static unsigned long long id(unsigned kinds)
{
    unsigned long long n = kinds ? pick(kinds) : (pick(2), seed);

    return (n + 1) * 0x9E3779B97F4A7C15u & 0xFFFFFFFFFFFFFFFu;
}

/* ---- answers in XML ---- */

/* Text of an answer; EC2 indents its own, most other services do not. */
struct xml {
    mw_buf *out;
    bool indented;
    int depth;
};

static void line(struct xml *x)
{
    if (x->indented)
        mw_buf_printf(x->out, "\n%*s", 4 * x->depth, "");
}

static void begin(struct xml *x, const char *name)
{
    line(x);
    mw_buf_printf(x->out, "<%s>", name);
    x->depth++;
}

static void end(struct xml *x, const char *name)
{
    x->depth--;
    line(x);
    mw_buf_printf(x->out, "</%s>", name);
}

static void empty(struct xml *x, const char *name)
{
    line(x);
    mw_buf_printf(x->out, "<%s/>", name);
}

__attribute__((format(printf, 3, 4))) static void leaf(struct xml *x, const char *name, const char *format, ...)
{
    char value[512];
    va_list args;

    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    line(x);
    mw_buf_printf(x->out, "<%s>%s</%s>", name, value, name);
}

static void id_leaf(struct xml *x, const char *name, const char *prefix, unsigned kinds)
{
    leaf(x, name, "%s-%017llx", prefix, id(kinds));
}

static void time_leaf(struct xml *x, const char *name)
{
    leaf(x, name, "2026-%02u-%02uT%02u:%02u:%02u.000Z", 1 + pick(12), 1 + pick(28), pick(24), pick(60), pick(60));
}

static void flag_leaf(struct xml *x, const char *name)
{
    leaf(x, name, "%s", pick(3) ? "true" : "false");
}

static void tag(struct xml *x, const char *item, const char *key_name, const char *value_name, const char *key,
                const char *value)
{
    begin(x, item);
    leaf(x, key_name, "%s", key);
    leaf(x, value_name, "%s", value);
    end(x, item);
}

static void ec2_groups(struct xml *x, unsigned n)
{
    begin(x, "groupSet");
    for (unsigned i = 0; i < n; i++) {
        begin(x, "item");
        id_leaf(x, "groupId", "sg", 60);
        leaf(x, "groupName", "launch-wizard-%u", pick(60));
        end(x, "item");
    }
    end(x, "groupSet");
}

static void ec2_address(struct xml *x, unsigned i)
{
    leaf(x, "privateIpAddress", "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
    leaf(x, "privateDnsName", "ip-10-%u-%u-%u.eu-west-1.compute.internal", i >> 16 & 255, i >> 8 & 255, i & 255);
}

static void ec2_interface(struct xml *x, unsigned i)
{
    begin(x, "item");
    id_leaf(x, "networkInterfaceId", "eni", 0);
    id_leaf(x, "subnetId", "subnet", 12);
    id_leaf(x, "vpcId", "vpc", 3);
    empty(x, "description");
    leaf(x, "ownerId", "111122223333");
    leaf(x, "status", "in-use");
    leaf(x, "macAddress", "0a:%02x:%02x:%02x:%02x:%02x", pick(256), pick(256), pick(256), pick(256), pick(256));
    ec2_address(x, i);
    leaf(x, "sourceDestCheck", "true");
    ec2_groups(x, 1);
    begin(x, "attachment");
    id_leaf(x, "attachmentId", "eni-attach", 0);
    leaf(x, "deviceIndex", "0");
    leaf(x, "status", "attached");
    time_leaf(x, "attachTime");
    leaf(x, "deleteOnTermination", "true");
    leaf(x, "networkCardIndex", "0");
    end(x, "attachment");
    begin(x, "privateIpAddressesSet");
    begin(x, "item");
    ec2_address(x, i);
    leaf(x, "primary", "true");
    end(x, "item");
    end(x, "privateIpAddressesSet");
    empty(x, "ipv6AddressesSet");
    leaf(x, "interfaceType", "interface");
    begin(x, "operator");
    leaf(x, "managed", "false");
    end(x, "operator");
    end(x, "item");
}

static void ec2_options(struct xml *x)
{
    begin(x, "cpuOptions");
    leaf(x, "coreCount", "%u", 1u << pick(4));
    leaf(x, "threadsPerCore", "2");
    end(x, "cpuOptions");
    begin(x, "capacityReservationSpecification");
    leaf(x, "capacityReservationPreference", "open");
    end(x, "capacityReservationSpecification");
    begin(x, "hibernationOptions");
    leaf(x, "configured", "false");
    end(x, "hibernationOptions");
    begin(x, "enclaveOptions");
    leaf(x, "enabled", "false");
    end(x, "enclaveOptions");
    begin(x, "metadataOptions");
    leaf(x, "state", "applied");
    leaf(x, "httpTokens", "%s", pick(4) ? "required" : "optional");
    leaf(x, "httpPutResponseHopLimit", "%u", 1 + pick(2));
    leaf(x, "httpEndpoint", "enabled");
    leaf(x, "httpProtocolIpv6", "disabled");
    leaf(x, "instanceMetadataTags", "disabled");
    end(x, "metadataOptions");
    leaf(x, "platformDetails", "Linux/UNIX");
    leaf(x, "usageOperation", "RunInstances");
    time_leaf(x, "usageOperationUpdateTime");
    begin(x, "privateDnsNameOptions");
    leaf(x, "hostnameType", "ip-name");
    leaf(x, "enableResourceNameDnsARecord", "true");
    leaf(x, "enableResourceNameDnsAAAARecord", "false");
    end(x, "privateDnsNameOptions");
    begin(x, "maintenanceOptions");
    leaf(x, "autoRecovery", "default");
    end(x, "maintenanceOptions");
    leaf(x, "currentInstanceBootMode", "legacy-bios");
}

static void ec2_instance(struct xml *x, unsigned i)
{
    static const char *const keys[] = {"Name",      "Owner", "Environment", "CostCenter",           "Application",
                                       "ManagedBy", "Team",  "Schedule",    "Backup &amp; restore", "Compliance"};
    static const char *const types[] = {"t3.micro", "t3.large", "m6i.xlarge", "c6g.medium", "r5.2xlarge"};
    bool running = pick(8) != 0;
    unsigned disks = 1 + pick(4), nets = 1 + (pick(5) == 0), tags = 2 + pick(8);

    begin(x, "item");
    id_leaf(x, "reservationId", "r", 0);
    leaf(x, "ownerId", "111122223333");
    empty(x, "groupSet");
    begin(x, "instancesSet");
    begin(x, "item");
    id_leaf(x, "instanceId", "i", 0);
    id_leaf(x, "imageId", "ami", 20);
    begin(x, "instanceState");
    leaf(x, "code", "%s", running ? "16" : "80");
    leaf(x, "name", "%s", running ? "running" : "stopped");
    end(x, "instanceState");
    ec2_address(x, i);
    if (running && pick(3) == 0) {
        leaf(x, "dnsName", "ec2-52-%u-%u-%u.compute.amazonaws.com", i >> 16 & 255, i >> 8 & 255, i & 255);
        leaf(x, "ipAddress", "52.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
    } else {
        empty(x, "dnsName");
    }
    if (running)
        empty(x, "reason");
    else
        leaf(x, "reason", "User initiated (2026-01-%02u 10:00:%02u GMT)", 1 + pick(28), pick(60));
    leaf(x, "keyName", "key-%u", pick(6));
    leaf(x, "amiLaunchIndex", "%u", pick(4));
    empty(x, "productCodes");
    leaf(x, "instanceType", "%s", types[pick(5)]);
    time_leaf(x, "launchTime");
    begin(x, "placement");
    leaf(x, "availabilityZone", "eu-west-1%c", 'a' + (int)pick(3));
    empty(x, "groupName");
    leaf(x, "tenancy", "default");
    end(x, "placement");
    begin(x, "monitoring");
    leaf(x, "state", "%s", pick(2) ? "enabled" : "disabled");
    end(x, "monitoring");
    id_leaf(x, "subnetId", "subnet", 12);
    id_leaf(x, "vpcId", "vpc", 3);
    leaf(x, "sourceDestCheck", "true");
    ec2_groups(x, 1 + pick(3));
    leaf(x, "architecture", "x86_64");
    leaf(x, "rootDeviceType", "ebs");
    leaf(x, "rootDeviceName", "/dev/xvda");
    begin(x, "blockDeviceMapping");
    for (unsigned k = 0; k < disks; k++) {
        begin(x, "item");
        leaf(x, "deviceName", "/dev/sd%c", 'a' + (int)k);
        begin(x, "ebs");
        id_leaf(x, "volumeId", "vol", 0);
        leaf(x, "status", "attached");
        time_leaf(x, "attachTime");
        flag_leaf(x, "deleteOnTermination");
        end(x, "ebs");
        end(x, "item");
    }
    end(x, "blockDeviceMapping");
    leaf(x, "virtualizationType", "hvm");
    leaf(x, "clientToken", "%08llx-%04x-4%03x", id(0) & 0xFFFFFFFFu, pick(65536), pick(4096));
    begin(x, "tagSet");
    for (unsigned k = 0; k < tags; k++) {
        char value[64];

        if (k == 0)
            snprintf(value, sizeof value, "web-%u.example.com", i);
        else
            snprintf(value, sizeof value, "value-%u-of-%u", pick(12), k);
        tag(x, "item", "key", "value", keys[k], value);
    }
    end(x, "tagSet");
    leaf(x, "hypervisor", "xen");
    begin(x, "networkInterfaceSet");
    for (unsigned k = 0; k < nets; k++)
        ec2_interface(x, i + (k << 16));
    end(x, "networkInterfaceSet");
    begin(x, "iamInstanceProfile");
    leaf(x, "arn", "arn:aws:iam::111122223333:instance-profile/role-%u", i % 9);
    leaf(x, "id", "AIPA%016u", i % 9);
    end(x, "iamInstanceProfile");
    flag_leaf(x, "ebsOptimized");
    leaf(x, "enaSupport", "true");
    ec2_options(x);
    end(x, "item");
    end(x, "instancesSet");
    end(x, "item");
}

static void ec2_instances(struct xml *x, unsigned items)
{
    mw_buf_puts(x->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeInstancesResponse "
                        "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">");
    x->depth = 1;
    leaf(x, "requestId", "8f7724cf-496f-496e-8fe3-example");
    begin(x, "reservationSet");
    for (unsigned i = 0; i < items; i++)
        ec2_instance(x, i);
    end(x, "reservationSet");
    leaf(x, "nextToken", "eyJ2IjoiMiJ9");
    mw_buf_puts(x->out, "\n</DescribeInstancesResponse>\n");
}

static void iam_role(struct xml *x, unsigned i)
{
    begin(x, "member");
    leaf(x, "Path", "%s", pick(3) ? "/" : "/service-role/");
    leaf(x, "RoleName", "application-role-%u", i);
    leaf(x, "RoleId", "AROA%017llX", id(0));
    leaf(x, "Arn", "arn:aws:iam::111122223333:role/application-role-%u", i);
    leaf(x, "CreateDate", "2025-%02u-%02uT10:%02u:%02uZ", 1 + pick(12), 1 + pick(28), pick(60), pick(60));
    leaf(x, "AssumeRolePolicyDocument",
         "%%7B%%22Version%%22%%3A%%222012-10-17%%22%%2C%%22Statement"
         "%%22%%3A%%5B%%7B%%22Effect%%22%%3A%%22Allow%%22%%2C%%22Principal%%22%%3A%%7B%%22Service"
         "%%22%%3A%%22%s.amazonaws.com%%22%%7D%%2C%%22Action%%22%%3A%%22sts%%3AAssumeRole%%22%%7D"
         "%%5D%%7D",
         pick(2) ? "lambda" : "ec2");
    leaf(x, "Description", "Allows service %u to call others on your behalf.", i);
    leaf(x, "MaxSessionDuration", "3600");
    begin(x, "RoleLastUsed");
    leaf(x, "LastUsedDate", "2026-01-%02uT10:%02u:%02uZ", 1 + pick(28), pick(60), pick(60));
    leaf(x, "Region", "eu-west-1");
    end(x, "RoleLastUsed");
    begin(x, "Tags");
    tag(x, "member", "Key", "Value", "Team", pick(2) ? "payments" : "search");
    end(x, "Tags");
    end(x, "member");
}

static void iam_roles(struct xml *x, unsigned items)
{
    mw_buf_puts(x->out, "<GetAccountAuthorizationDetailsResponse xmlns=\"https://iam.amazonaws.com/"
                        "doc/2010-05-08/\">");
    x->depth = 1;
    begin(x, "GetAccountAuthorizationDetailsResult");
    leaf(x, "IsTruncated", "false");
    begin(x, "RoleDetailList");
    for (unsigned i = 0; i < items; i++)
        iam_role(x, i);
    end(x, "RoleDetailList");
    end(x, "GetAccountAuthorizationDetailsResult");
    mw_buf_puts(x->out, "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
                        "</GetAccountAuthorizationDetailsResponse>");
}

static void s3_objects(struct xml *x, unsigned items)
{
    mw_buf_puts(x->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns="
                        "\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    x->depth = 1;
    leaf(x, "Name", "logs-of-production");
    leaf(x, "Prefix", "AWSLogs/");
    leaf(x, "KeyCount", "%u", items);
    leaf(x, "MaxKeys", "1000");
    leaf(x, "EncodingType", "url");
    leaf(x, "IsTruncated", "false");
    for (unsigned i = 0; i < items; i++) {
        begin(x, "Contents");
        leaf(x, "Key",
             "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/%02u/%017llx"
             ".log.gz",
             1 + pick(28), id(0));
        time_leaf(x, "LastModified");
        leaf(x, "ETag", "&quot;%017llx%015llx&quot;", id(0), id(0));
        leaf(x, "Size", "%u", pick(4000000));
        leaf(x, "StorageClass", "%s", pick(4) ? "STANDARD" : "GLACIER");
        end(x, "Contents");
    }
    mw_buf_puts(x->out, "</ListBucketResult>");
}

static void write_xml(mw_buf *out, unsigned items, bool indented, void (*content)(struct xml *, unsigned))
{
    struct xml x = {out, indented, 0};

    content(&x, items);
}

static void ec2_indented(mw_buf *out, unsigned items)
{
    write_xml(out, items, true, ec2_instances);
}

static void ec2_compact(mw_buf *out, unsigned items)
{
    write_xml(out, items, false, ec2_instances);
}

static void iam_compact(mw_buf *out, unsigned items)
{
    write_xml(out, items, false, iam_roles);
}

static void s3_compact(mw_buf *out, unsigned items)
{
    write_xml(out, items, false, s3_objects);
}

/* ---- answers in JSON ---- */

static void ecs_tasks(mw_buf *out, unsigned items)
{
    mw_buf_puts(out, "{\"failures\":[],\"tasks\":[");
    for (unsigned i = 0; i < items; i++) {
        unsigned long long task = id(0), cluster = pick(4);

        mw_buf_printf(out,
                      "%s{\"taskArn\":\"arn:aws:ecs:eu-west-1:111122223333:task/c%llu/%015llx\","
                      "\"clusterArn\":\"arn:aws:ecs:eu-west-1:111122223333:cluster/c%llu\","
                      "\"attachments\":[{\"id\":\"%015llx\",\"type\":\"ElasticNetworkInterface\","
                      "\"status\":\"ATTACHED\",\"details\":[{\"name\":\"subnetId\",\"value\":"
                      "\"subnet-%017llx\"},{\"name\":\"privateIPv4Address\",\"value\":\"10.0.%u.%u\"}"
                      "]}],\"attributes\":[{\"name\":\"ecs.cpu-architecture\",\"value\":\"x86_64\"}],",
                      i ? "," : "", cluster, task, cluster, id(0), id(12), i >> 8 & 255, i & 255);
        mw_buf_printf(out,
                      "\"availabilityZone\":\"eu-west-1%c\",\"connectivity\":\"CONNECTED\","
                      "\"connectivityAt\":%u.%03u,\"containers\":[{\"containerArn\":\"arn:aws:ecs:eu-"
                      "west-1:111122223333:container/%015llx\",\"taskArn\":\"arn:aws:ecs:eu-west-1:"
                      "111122223333:task/c%llu/%015llx\",\"name\":\"app\",\"image\":\"111122223333.dkr."
                      "ecr.eu-west-1.amazonaws.com/shop:%u\",\"lastStatus\":\"RUNNING\","
                      "\"networkInterfaces\":[{\"attachmentId\":\"%015llx\",\"privateIpv4Address\":"
                      "\"10.0.%u.%u\"}],\"healthStatus\":\"UNKNOWN\",\"cpu\":\"256\",\"memory\":\"512\"}],",
                      'a' + (int)pick(3), 1767225600 + pick(9999999), pick(1000), id(0), cluster, task, pick(9), id(0),
                      i >> 8 & 255, i & 255);
        mw_buf_printf(out,
                      "\"cpu\":\"%u\",\"createdAt\":%u.%03u,\"desiredStatus\":\"RUNNING\","
                      "\"enableExecuteCommand\":%s,\"group\":\"service:shop-%u\",\"healthStatus\":"
                      "\"UNKNOWN\",\"lastStatus\":\"RUNNING\",\"launchType\":\"FARGATE\",\"memory\":\"%u\","
                      "\"overrides\":{\"containerOverrides\":[{\"name\":\"app\"}],"
                      "\"inferenceAcceleratorOverrides\":[]},\"platformVersion\":\"1.4.0\","
                      "\"platformFamily\":\"Linux\",\"startedAt\":%u.%03u,\"startedBy\":"
                      "\"ecs-svc/%017llu\",\"tags\":[{\"key\":\"Team\",\"value\":\"shop \\u0026 co\"}],"
                      "\"taskDefinitionArn\":\"arn:aws:ecs:eu-west-1:111122223333:task-definition/"
                      "shop:%u\",\"version\":%u,\"ephemeralStorage\":{\"sizeInGiB\":20}}",
                      256u << pick(3), 1767225600 + pick(9999999), pick(1000), pick(2) ? "true" : "false", pick(20),
                      512u << pick(3), 1767225600 + pick(9999999), pick(1000), id(20), pick(9), 1 + pick(9));
    }
    mw_buf_puts(out, "]}");
}

static void lambda_functions(mw_buf *out, unsigned items)
{
    mw_buf_puts(out, "{\"NextMarker\":null,\"Functions\":[");
    for (unsigned i = 0; i < items; i++) {
        mw_buf_printf(out,
                      "%s{\"FunctionName\":\"worker-%u\",\"FunctionArn\":\"arn:aws:lambda:eu-west-1:"
                      "111122223333:function:worker-%u\",\"Runtime\":\"python3.1%u\",\"Role\":\"arn:aws:"
                      "iam::111122223333:role/service-role/worker-%u\",\"Handler\":\"main.handler\","
                      "\"CodeSize\":%u,\"Description\":\"\",\"Timeout\":%u,\"MemorySize\":%u,",
                      i ? "," : "", i, i, pick(4), pick(30), pick(5000000), 1 + pick(900), 128u << pick(4));
        mw_buf_printf(out,
                      "\"LastModified\":\"2026-01-%02uT10:%02u:%02u.000+0000\",\"CodeSha256\":"
                      "\"%015llx%015llx+dUo=\",\"Version\":\"$LATEST\",\"VpcConfig\":{\"SubnetIds\":["
                      "\"subnet-%017llx\"],\"SecurityGroupIds\":[\"sg-%017llx\"],\"VpcId\":\"vpc-%017llx\"},"
                      "\"Environment\":{\"Variables\":{\"STAGE\":\"%s\",\"QUEUE\":\"queue-%u\"}},"
                      "\"TracingConfig\":{\"Mode\":\"PassThrough\"},\"RevisionId\":\"%08x-%04x\","
                      "\"PackageType\":\"Zip\",\"Architectures\":[\"x86_64\"],\"EphemeralStorage\":{"
                      "\"Size\":512},\"LoggingConfig\":{\"LogFormat\":\"Text\",\"LogGroup\":\"/aws/lambda/"
                      "worker-%u\"}}",
                      1 + pick(28), pick(60), pick(60), id(0), id(0), id(12), id(30), id(3), pick(2) ? "prod" : "dev",
                      pick(40), (unsigned)id(0), pick(65536), i);
    }
    mw_buf_puts(out, "]}");
}

/* ---- measuring ---- */

struct subject {
    const char *service, *operation;
    mw_http_response answer;
    mw_doc_builder *b;
    size_t counted;
};

static void XMLCALL count_start(void *user, const char *name, const char **atts)
{
    (void)name;
    (void)atts;
    ++*(size_t *)user;
}

static void XMLCALL count_end(void *user, const char *name)
{
    (void)name;
    ++*(size_t *)user;
}

static void XMLCALL count_text(void *user, const char *s, int len)
{
    (void)s;
    *(size_t *)user += (size_t)len;
}

static void run_expat(struct subject *s)
{
    XML_Parser p = XML_ParserCreate(NULL);

    if (!p)
        exit(1);
    XML_SetUserData(p, &s->counted);
    XML_SetElementHandler(p, count_start, count_end);
    XML_SetCharacterDataHandler(p, count_text);
    if (XML_Parse(p, s->answer.body.data, (int)s->answer.body.len, 1) != XML_STATUS_OK)
        exit(1);
    XML_ParserFree(p);
}

static void run_jansson(struct subject *s)
{
    json_error_t error;
    json_t *tree = json_loadb(s->answer.body.data, s->answer.body.len, 0, &error);

    if (!tree)
        exit(1);
    json_decref(tree);
}

static void run_model(struct subject *s)
{
    const mw_models *models;
    mw_error err = {0};
    mw_val result;

    mw_doc_builder_reset(s->b);
    if (mw_models_builtin(&models, &err) != MW_OK ||
        mw_protocol_parse(mw_service_operation(mw_models_service(models, s->service), s->operation), &s->answer, s->b,
                          &result, NULL, &err) != MW_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
}

static void run_plain(struct subject *s)
{
    mw_error err = {0};

    mw_doc_builder_reset(s->b);
    if (mw_json_read(s->b, s->answer.body.data, s->answer.body.len, NULL, NULL, &err) != MW_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
}

static double once(struct subject *s, void (*run)(struct subject *), unsigned repeat)
{
    double start = cpu_seconds();

    for (unsigned i = 0; i < repeat; i++)
        run(s);
    return (cpu_seconds() - start) / repeat;
}

/* The best of rounds in turn, for both see the same machine. Returns ours in relation to theirs. */
static bool compare(struct subject *s, const char *name, const char *rival, void (*theirs)(struct subject *),
                    void (*ours)(struct subject *), double goal)
{
    double best = 1e9, rival_best = 1e9, mb = (double)s->answer.body.len / 1e6, first;
    unsigned repeat;

    once(s, ours, 1);
    first = once(s, theirs, 1);
    repeat = first < ROUND_TIME ? (unsigned)(ROUND_TIME / first) + 1 : 1;
    for (int round = 0; round < ROUNDS; round++) {
        double t = once(s, theirs, repeat), o = once(s, ours, repeat);

        rival_best = t < rival_best ? t : rival_best;
        best = o < best ? o : best;
    }
    printf("%-34s %6.2f MB  %s %7.1f MB/s   document %7.1f MB/s   ratio %.2f (goal %.1f)\n", name, mb, rival,
           mb / rival_best, mb / best, rival_best / best, goal);
    return rival_best / best >= goal;
}

/* The same answer as the command line would print it: what plain JSON looks like. */
static void as_json(struct subject *s, mw_json_style style)
{
    mw_buf text = {.max = (size_t)1 << 30};
    mw_error err = {0};
    mw_val result;
    const mw_models *models;

    mw_doc_builder_reset(s->b);
    if (mw_models_builtin(&models, &err) != MW_OK ||
        mw_protocol_parse(mw_service_operation(mw_models_service(models, s->service), s->operation), &s->answer, s->b,
                          &result, NULL, &err) != MW_OK ||
        mw_json_write(&text, mw_doc_view(s->b), result, style) != MW_OK)
        exit(1);
    mw_buf_clear(&s->answer.body);
    s->answer.body = text;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name, *service, *operation;
        void (*content)(mw_buf *, unsigned);
        enum { XML, JSON, PLAIN, PLAIN_INDENTED } kind;
    } cases[] = {
        {"ec2 DescribeInstances, indented", "ec2", "DescribeInstances", ec2_indented, XML},
        {"ec2 DescribeInstances, compact", "ec2", "DescribeInstances", ec2_compact, XML},
        {"iam GetAccountAuthorizationDetails", "iam", "GetAccountAuthorizationDetails", iam_compact, XML},
        {"s3 ListObjectsV2", "s3", "ListObjectsV2", s3_compact, XML},
        {"ecs DescribeTasks", "ecs", "DescribeTasks", ecs_tasks, JSON},
        {"lambda ListFunctions", "lambda", "ListFunctions", lambda_functions, JSON},
        {"JSON, compact", "ec2", "DescribeInstances", ec2_compact, PLAIN},
        {"JSON, indented", "ec2", "DescribeInstances", ec2_compact, PLAIN_INDENTED},
    };
    unsigned items = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    mw_error err = {0};
    bool holds = true;

    for (size_t i = 0; i < MW_COUNT(cases); i++) {
        struct subject s = {.service = cases[i].service,
                            .operation = cases[i].operation,
                            .answer = {.status = 200, .body = {.max = (size_t)1 << 30}}};

        if (argc > 2 && !strstr(cases[i].name, argv[2]))
            continue;
        if (mw_doc_builder_new(NULL, &s.b, &err) != MW_OK)
            return 1;
        cases[i].content(&s.answer.body, items);
        if (cases[i].kind >= PLAIN)
            as_json(&s, cases[i].kind == PLAIN ? MW_JSON_COMPACT : MW_JSON_PRETTY);
        if (cases[i].kind == XML)
            holds &= compare(&s, cases[i].name, "expat  ", run_expat, run_model, XML_GOAL);
        else
            holds &= compare(&s, cases[i].name, "jansson", run_jansson, cases[i].kind == JSON ? run_model : run_plain,
                             JSON_GOAL);
        mw_http_response_clear(&s.answer);
        mw_doc_builder_free(s.b);
    }
    return holds ? 0 : 2;
}
