/* Synthetic items of EC2's DescribeInstances, for benchmarks: the same ones in every run. */
#ifndef MW_BENCH_INSTANCES_H
#define MW_BENCH_INSTANCES_H

#include "bench.h"

#include "base/buf.h"

static inline void add_id(mw_buf *out, const char *key, const char *prefix, unsigned kinds)
{
    unsigned long long id = (kinds ? pick(kinds) : seed) * 0x9E3779B97F4A7C15u;

    mw_buf_printf(out, "\"%s\":\"%s-%017llx\",", key, prefix, id & 0xFFFFFFFFFFFFFFFu);
    pick(2);
}

static inline void add_item(mw_buf *out, unsigned i)
{
    static const char *const states[][2] = {{"16", "running"}, {"80", "stopped"}};
    static const char *const types[] = {"t3.micro", "t3.large", "m6i.xlarge", "c6g.medium", "r5.2xlarge"};
    static const char *const owners[] = {"platform", "payments", "search", "data", "web"};
    const char *const *state = states[pick(8) == 0];
    unsigned az = pick(3), n = 1 + pick(3), k;

    mw_buf_printf(out, "{\"AmiLaunchIndex\":%u,", pick(4));
    add_id(out, "ImageId", "ami", 20);
    add_id(out, "InstanceId", "i", 0);
    mw_buf_printf(out, "\"InstanceType\":\"%s\",\"KeyName\":\"key-%u\",", types[pick(5)], pick(6));
    mw_buf_printf(out, "\"LaunchTime\":\"2026-0%u-%02uT%02u:%02u:%02u+00:00\",", 1 + pick(9), 1 + pick(28), pick(24),
                  pick(60), pick(60));
    mw_buf_printf(out, "\"Monitoring\":{\"State\":\"%s\"},", pick(2) ? "enabled" : "disabled");
    mw_buf_printf(out,
                  "\"Placement\":{\"AvailabilityZone\":\"eu-west-1%c\",\"GroupName\":\"\",\"Tenancy\":"
                  "\"default\"},",
                  'a' + (int)az);
    mw_buf_printf(out,
                  "\"PrivateDnsName\":\"ip-10-%u-%u-%u.eu-west-1.compute.internal\",\"PrivateIpAddress\":"
                  "\"10.%u.%u.%u\",",
                  az, i / 250, i % 250, az, i / 250, i % 250);
    mw_buf_puts(out, "\"ProductCodes\":[],\"PublicDnsName\":\"\",");
    mw_buf_printf(out, "\"State\":{\"Code\":%s,\"Name\":\"%s\"},\"StateTransitionReason\":\"\",", state[0], state[1]);
    add_id(out, "SubnetId", "subnet", 12);
    add_id(out, "VpcId", "vpc", 4);
    mw_buf_puts(out, "\"Architecture\":\"x86_64\",\"BlockDeviceMappings\":[");
    for (k = 0; k < n; k++) {
        mw_buf_printf(out,
                      "%s{\"DeviceName\":\"/dev/sd%c\",\"Ebs\":{\"AttachTime\":\"2026-01-%02uT10:00:%02u+00:00\","
                      "\"DeleteOnTermination\":%s,\"Status\":\"attached\",",
                      k ? "," : "", 'a' + (int)k, 1 + pick(28), pick(60), k ? "false" : "true");
        add_id(out, "VolumeId", "vol", 0);
        out->data[--out->len] = '\0';
        mw_buf_puts(out, "}}");
    }
    mw_buf_printf(out,
                  "],\"ClientToken\":\"%08x-%04x\",\"EbsOptimized\":%s,\"EnaSupport\":true,\"Hypervisor\":\"xen\","
                  "\"IamInstanceProfile\":{\"Arn\":\"arn:aws:iam::111122223333:instance-profile/role-%u\",\"Id\":"
                  "\"AIPA%016u\"},",
                  (unsigned)seed, pick(65536), pick(2) ? "true" : "false", az, az);
    mw_buf_puts(out, "\"NetworkInterfaces\":[{\"Attachment\":{\"AttachTime\":\"2026-01-01T10:00:00+00:00\",");
    add_id(out, "AttachmentId", "eni-attach", 0);
    mw_buf_puts(out, "\"DeleteOnTermination\":true,\"DeviceIndex\":0,\"Status\":\"attached\",\"NetworkCardIndex\":0},"
                     "\"Description\":\"\",\"Groups\":[{\"GroupName\":\"default\",");
    add_id(out, "GroupId", "sg", 30);
    out->data[--out->len] = '\0';
    mw_buf_puts(out, "}],\"Ipv6Addresses\":[],");
    add_id(out, "NetworkInterfaceId", "eni", 0);
    mw_buf_printf(out,
                  "\"OwnerId\":\"111122223333\",\"SourceDestCheck\":true,\"Status\":\"in-use\",\"PrivateIpAddresses\":"
                  "[{\"Primary\":true,\"PrivateIpAddress\":\"10.%u.%u.%u\"}]}],",
                  az, i / 250, i % 250);
    mw_buf_puts(
        out,
        "\"RootDeviceName\":\"/dev/sda\",\"RootDeviceType\":\"ebs\",\"SecurityGroups\":[{\"GroupName\":\"default\",");
    add_id(out, "GroupId", "sg", 30);
    out->data[--out->len] = '\0';
    mw_buf_printf(out,
                  "}],\"SourceDestCheck\":true,\"Tags\":[{\"Key\":\"Name\",\"Value\":\"host-%u\"},{\"Key\":\"Owner\","
                  "\"Value\":\"%s\"},{\"Key\":\"Env\",\"Value\":\"%s\"},{\"Key\":\"CostCenter\",\"Value\":\"%u\"}],",
                  i, owners[pick(5)], pick(3) ? "prod" : "dev", 1000 + pick(20));
    mw_buf_puts(
        out,
        "\"VirtualizationType\":\"hvm\",\"CpuOptions\":{\"CoreCount\":2,\"ThreadsPerCore\":2},"
        "\"CapacityReservationSpecification\":{\"CapacityReservationPreference\":\"open\"},"
        "\"HibernationOptions\":{\"Configured\":false},\"MetadataOptions\":{\"State\":\"applied\",\"HttpTokens\":");
    mw_buf_printf(
        out,
        "\"%s\",\"HttpPutResponseHopLimit\":%u,\"HttpEndpoint\":\"enabled\",\"HttpProtocolIpv6\":\"disabled\","
        "\"InstanceMetadataTags\":\"disabled\"},",
        pick(4) ? "required" : "optional", 1 + pick(2));
    mw_buf_puts(
        out,
        "\"EnclaveOptions\":{\"Enabled\":false},\"PlatformDetails\":\"Linux/UNIX\",\"UsageOperation\":\"RunInstances\","
        "\"UsageOperationUpdateTime\":\"2026-01-01T10:00:00+00:00\",\"PrivateDnsNameOptions\":{\"HostnameType\":"
        "\"ip-name\",\"EnableResourceNameDnsARecord\":true,\"EnableResourceNameDnsAAAARecord\":false},"
        "\"MaintenanceOptions\":{\"AutoRecovery\":\"default\"},\"CurrentInstanceBootMode\":\"legacy-bios\"}");
}

#endif
