/*
 * EC2: lists of instances, disks and networks in pages, region settings, two writes.
 *
 * Each list is a window of indices: a page starts where its token says, skips what is not there or
 * not asked for, and ends when it is full. A filter that is not known here is refused, never
 * ignored: a list that is too long would be the server's lie.
 */
#include "awsim.h"

#include <stdio.h>
#include <stdlib.h>

static struct scope here(const struct call *c, enum kind kind)
{
    return scope_of(c->world, kind, c->account, c->region);
}

static uint64_t pick(const struct thing *t, unsigned salt, const struct scope *of)
{
    return of->count ? of->first + draw_fixed(t, salt, (unsigned)of->count) : of->first;
}

static void tags(struct call *c, const struct thing *t)
{
    if (draw(t, 1, 4) == 0) {
        text(c->out, "<tagSet/>");
        return;
    }
    say(c->out,
        "<tagSet><item><key>Name</key><value>$s</value></item><item><key>Environment</key>"
        "<value>$s</value></item><item><key>Owner</key><value>team-$d</value></item></tagSet>",
        S(hostile_names[draw(t, 2, HOSTILE_NAMES)].xml),
        S((const char *const[]){"prod", "staging", "dev"}[draw(t, 3, 3)]), U(draw(t, 4, 40)));
}

static void instance(struct call *c, const struct thing *t, const struct scope *more)
{
    static const char *const states[] = {"running", "stopped", "terminated"};
    static const unsigned codes[] = {16, 80, 48};
    const struct scope *vpcs = &more[0], *subnets = &more[1], *groups = &more[2], *disks = &more[3];
    uint64_t id = thing_id(t->scope, t->index), created = thing_created(t);
    unsigned state = fact(t, F_STATE), a = draw_fixed(t, 10, 256), b = draw_fixed(t, 11, 256);
    uint64_t vpc = pick(t, 12, vpcs), subnet = vpc * 3 + draw_fixed(t, 13, 3);
    uint64_t vpc_id = thing_id(vpcs, vpc), subnet_id = thing_id(subnets, subnet);
    uint64_t group = pick(t, 14, groups), group_id = thing_id(groups, group);
    uint64_t volume = disks->first + (t->index - t->scope->first);
    bool disk = volume - disks->first < disks->count, public = draw(t, 15, 10) < 3;
    unsigned net = (unsigned)(vpc & 255);
    say(c->out,
        "<item><reservationId>r-$h</reservationId><ownerId>$s</ownerId><groupSet/><instancesSet><item>"
        "<instanceId>i-$h</instanceId><imageId>ami-0abcdef1234567890</imageId><instanceState>"
        "<code>$d</code><name>$s</name></instanceState><privateDnsName>ip-10-$d-$d-$d.ec2.internal"
        "</privateDnsName><dnsName/><reason/><keyName>ops</keyName><amiLaunchIndex>0</amiLaunchIndex>"
        "<productCodes/><instanceType>$s</instanceType><launchTime>$T</launchTime><placement>"
        "<availabilityZone>$sa</availabilityZone><groupName/><tenancy>default</tenancy></placement>"
        "<monitoring><state>disabled</state></monitoring><subnetId>subnet-$h</subnetId><vpcId>vpc-$h"
        "</vpcId><privateIpAddress>10.$d.$d.$d</privateIpAddress><sourceDestCheck>true</sourceDestCheck>"
        "<groupSet><item><groupId>sg-$h</groupId><groupName>group $d</groupName></item></groupSet>",
        U(id ^ 1), S(c->account_id), U(id), U(codes[state]), S(states[state]), U(net), U(a), U(b),
        S((const char *const[]){"m5.large", "t3.micro", "c6g.xlarge", "r5.2xlarge"}[draw(t, 16, 4)]), U(created),
        S(c->region_name), U(subnet_id), U(vpc_id), U(net), U(a), U(b), U(group_id), U(group));
    if (public && state == 0)
        say(c->out, "<ipAddress>198.51.$d.$d</ipAddress>", U(a), U(b));
    say(c->out,
        "<architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType><rootDeviceName>"
        "/dev/xvda</rootDeviceName><virtualizationType>hvm</virtualizationType><clientToken>$h"
        "</clientToken><blockDeviceMapping>",
        U(mix64(id)));
    if (disk)
        say(c->out,
            "<item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-$h</volumeId><status>attached"
            "</status><attachTime>$T</attachTime><deleteOnTermination>true</deleteOnTermination></ebs>"
            "</item>",
            U(thing_id(disks, volume)), U(created));
    text(c->out, "</blockDeviceMapping>");
    tags(c, t);
    say(c->out,
        "<hypervisor>xen</hypervisor><networkInterfaceSet><item><networkInterfaceId>eni-$h"
        "</networkInterfaceId><subnetId>subnet-$h</subnetId><vpcId>vpc-$h</vpcId><description/>"
        "<ownerId>$s</ownerId><status>in-use</status><macAddress>0a:00:00:$2:$2:$2</macAddress>"
        "<privateIpAddress>10.$d.$d.$d</privateIpAddress><sourceDestCheck>true</sourceDestCheck><groupSet><item>"
        "<groupId>sg-$h</groupId><groupName>group $d</groupName></item></groupSet><attachment>"
        "<attachmentId>eni-attach-$h</attachmentId><deviceIndex>0</deviceIndex><status>attached</status>"
        "<attachTime>$T</attachTime><deleteOnTermination>true</deleteOnTermination><networkCardIndex>0"
        "</networkCardIndex></attachment><privateIpAddressesSet><item><privateIpAddress>10.$d.$d.$d"
        "</privateIpAddress><primary>true</primary></item></privateIpAddressesSet><ipv6AddressesSet/>"
        "<interfaceType>interface</interfaceType></item></networkInterfaceSet>",
        U(mix64(id + 1)), U(subnet_id), U(vpc_id), S(c->account_id), U(a), U(b), U(id & 255), U(net), U(a), U(b),
        U(group_id), U(group), U(mix64(id + 2)), U(created), U(net), U(a), U(b));
    if (draw(t, 17, 10) < 7)
        say(c->out,
            "<iamInstanceProfile><arn>arn:aws:iam::$s:instance-profile/web</arn><id>AIPA$H</id>"
            "</iamInstanceProfile>",
            S(c->account_id), U(mix64(id + 3)));
    say(c->out,
        "<ebsOptimized>true</ebsOptimized><enaSupport>true</enaSupport><cpuOptions><coreCount>1"
        "</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions><capacityReservationSpecification>"
        "<capacityReservationPreference>open</capacityReservationPreference>"
        "</capacityReservationSpecification><hibernationOptions><configured>false</configured>"
        "</hibernationOptions><metadataOptions><state>applied</state><httpTokens>$s</httpTokens>"
        "<httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint>"
        "<httpProtocolIpv6>disabled</httpProtocolIpv6><instanceMetadataTags>disabled"
        "</instanceMetadataTags></metadataOptions><enclaveOptions><enabled>false</enabled>"
        "</enclaveOptions><maintenanceOptions><autoRecovery>default</autoRecovery></maintenanceOptions>"
        "<usageOperation>RunInstances</usageOperation><usageOperationUpdateTime>$T"
        "</usageOperationUpdateTime><platformDetails>Linux/UNIX</platformDetails></item></instancesSet>"
        "</item>",
        S(fact(t, F_HTTP_TOKENS) ? "required" : "optional"), U(created));
}

static void volume(struct call *c, const struct thing *t, const struct scope *more)
{
    uint64_t id = thing_id(t->scope, t->index), n = t->index - t->scope->first;
    bool used = n < more[0].count;
    say(c->out,
        "<item><volumeId>vol-$h</volumeId><size>$d</size><snapshotId/><availabilityZone>$sa"
        "</availabilityZone><status>$s</status><createTime>$T</createTime><attachmentSet>",
        U(id), U(8 + draw(t, 10, 500)), S(c->region_name), S(used ? "in-use" : "available"), U(thing_created(t)));
    if (used)
        say(c->out,
            "<item><volumeId>vol-$h</volumeId><instanceId>i-$h</instanceId><device>/dev/xvda</device>"
            "<status>attached</status><attachTime>$T</attachTime><deleteOnTermination>true"
            "</deleteOnTermination></item>",
            U(id), U(thing_id(&more[0], more[0].first + n)), U(thing_created(t)));
    text(c->out, "</attachmentSet>");
    tags(c, t);
    say(c->out,
        "<volumeType>gp3</volumeType><iops>3000</iops><encrypted>$s</encrypted><multiAttachEnabled>false"
        "</multiAttachEnabled><throughput>125</throughput></item>",
        S(fact(t, F_ENCRYPTED) ? "true" : "false"));
}

static void snapshot(struct call *c, const struct thing *t, const struct scope *more)
{
    uint64_t volume = more[0].count ? more[0].first + t->index % more[0].count : 0, made;
    for (size_t n = 0; t->index >= CREATED && effect_snapshot(t->scope, n, &made, &volume); n++)
        if (made == t->index)
            break;
    say(c->out,
        "<item><snapshotId>snap-$h</snapshotId><volumeId>vol-$h</volumeId><status>completed</status>"
        "<startTime>$T</startTime><progress>100%</progress><ownerId>$s</ownerId><volumeSize>$d"
        "</volumeSize><description>$s</description>",
        U(thing_id(t->scope, t->index)), U(thing_id(&more[0], volume)), U(thing_created(t)), S(c->account_id),
        U(8 + draw(t, 10, 500)), S(hostile_names[draw(t, 11, HOSTILE_NAMES)].xml));
    tags(c, t);
    say(c->out, "<encrypted>$s</encrypted><storageTier>standard</storageTier></item>",
        S(fact(t, F_ENCRYPTED) ? "true" : "false"));
}

static void permission(struct call *c, const char *protocol, const char *ports, const char *range)
{
    say(c->out,
        "<item><ipProtocol>$s</ipProtocol>$s<groups/><ipRanges><item><cidrIp>$s</cidrIp>"
        "<description>ops</description></item></ipRanges><ipv6Ranges/><prefixListIds/></item>",
        S(protocol), S(ports), S(range));
}

static void security_group(struct call *c, const struct thing *t, const struct scope *more)
{
    bool standard = t->index - t->scope->first < more[0].count;
    uint64_t vpc = standard ? more[0].first + (t->index - t->scope->first) : pick(t, 12, &more[0]);
    char name[40] = "default";
    if (!standard)
        snprintf(name, sizeof name, "group %llu", (unsigned long long)t->index);
    say(c->out,
        "<item><ownerId>$s</ownerId><groupId>sg-$h</groupId><groupName>$s</groupName>"
        "<groupDescription>$s</groupDescription><vpcId>vpc-$h</vpcId><ipPermissions>",
        S(c->account_id), U(thing_id(t->scope, t->index)), S(name), S(hostile_names[draw(t, 11, HOSTILE_NAMES)].xml),
        U(thing_id(&more[0], vpc)));
    permission(c, "tcp", "<fromPort>443</fromPort><toPort>443</toPort>", "10.0.0.0/8");
    if (fact(t, F_OPEN_SSH))
        permission(c, "tcp", "<fromPort>22</fromPort><toPort>22</toPort>", "0.0.0.0/0");
    text(c->out, "</ipPermissions><ipPermissionsEgress>");
    permission(c, "-1", "", "0.0.0.0/0");
    text(c->out, "</ipPermissionsEgress>");
    tags(c, t);
    text(c->out, "</item>");
}

static void vpc(struct call *c, const struct thing *t, const struct scope *more)
{
    (void)more;
    say(c->out,
        "<item><vpcId>vpc-$h</vpcId><ownerId>$s</ownerId><state>available</state><cidrBlock>10.$d.0.0/16"
        "</cidrBlock><cidrBlockAssociationSet/><dhcpOptionsId>default</dhcpOptionsId>",
        U(thing_id(t->scope, t->index)), S(c->account_id), U(t->index & 255));
    tags(c, t);
    say(c->out, "<instanceTenancy>default</instanceTenancy><isDefault>$s</isDefault></item>",
        S(t->index ? "false" : "true"));
}

static void subnet(struct call *c, const struct thing *t, const struct scope *more)
{
    uint64_t id = thing_id(t->scope, t->index);
    say(c->out,
        "<item><subnetId>subnet-$h</subnetId><subnetArn>arn:aws:ec2:$s:$s:subnet/subnet-$h</subnetArn>"
        "<state>available</state><ownerId>$s</ownerId><vpcId>vpc-$h</vpcId><cidrBlock>10.$d.$d.0/24"
        "</cidrBlock><ipv6CidrBlockAssociationSet/><availableIpAddressCount>251"
        "</availableIpAddressCount><availabilityZone>$s$s</availabilityZone><defaultForAz>false"
        "</defaultForAz><mapPublicIpOnLaunch>$s</mapPublicIpOnLaunch>",
        U(id), S(c->region_name), S(c->account_id), U(id), S(c->account_id), U(thing_id(&more[0], t->index / 3)),
        U(t->index / 3 & 255), U(t->index % 3), S(c->region_name),
        S((const char *const[]){"a", "b", "c"}[t->index % 3]), S(t->index % 3 == 0 ? "true" : "false"));
    tags(c, t);
    text(c->out, "</item>");
}

static void route_table(struct call *c, const struct thing *t, const struct scope *more)
{
    uint64_t id = thing_id(t->scope, t->index);
    say(c->out,
        "<item><routeTableId>rtb-$h</routeTableId><vpcId>vpc-$h</vpcId><ownerId>$s</ownerId><routeSet>"
        "<item><destinationCidrBlock>10.$d.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId>"
        "<state>active</state><origin>CreateRouteTable</origin></item>",
        U(id), U(thing_id(&more[0], t->index)), S(c->account_id), U(t->index & 255));
    if (draw(t, 10, 2))
        say(c->out,
            "<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><gatewayId>igw-$h</gatewayId>"
            "<state>active</state><origin>CreateRoute</origin></item>",
            U(mix64(id)));
    say(c->out,
        "</routeSet><associationSet><item><routeTableAssociationId>rtbassoc-$h"
        "</routeTableAssociationId><routeTableId>rtb-$h</routeTableId><main>true</main>"
        "<associationState><state>associated</state></associationState></item></associationSet>"
        "<propagatingVgwSet/>",
        U(mix64(id + 1)), U(id));
    tags(c, t);
    text(c->out, "</item>");
}

static void flow_log(struct call *c, const struct thing *t, const struct scope *more)
{
    say(c->out,
        "<item><creationTime>$T</creationTime><flowLogId>fl-$h</flowLogId><flowLogStatus>ACTIVE"
        "</flowLogStatus><resourceId>vpc-$h</resourceId><trafficType>ALL</trafficType>"
        "<logDestinationType>s3</logDestinationType><logDestination>arn:aws:s3:::flow-logs"
        "</logDestination><deliverLogsStatus>SUCCESS</deliverLogsStatus><maxAggregationInterval>600"
        "</maxAggregationInterval>",
        U(thing_created(t)), U(thing_id(t->scope, t->index)), U(thing_id(&more[0], t->index)));
    tags(c, t);
    text(c->out, "</item>");
}

/* ---- lists -------------------------------------------------------------------------------------------- */

struct list {
    enum kind kind;
    const char *element, *ids, *prefix, *missing;
    unsigned least, most;
    void (*item)(struct call *c, const struct thing *t, const struct scope *more);
    enum kind more[4];
};

static bool refuse_filters(struct call *c)
{
    for (size_t i = 0; i < c->params->count; i++) {
        mw_str key = c->params->list[i].key;
        if (str_has(key, "Filter.") && str_has(key, ".Name")) {
            char name[96];
            mw_str v = c->params->list[i].value;
            snprintf(name, sizeof name, "'%.*s'", v.len < 80 ? (int)v.len : 80, v.data);
            fail(c, 400, "InvalidParameterValue", "The test server does not know the filter ", name);
            return true;
        }
    }
    return false;
}

/* The named ones: an unknown id fails the whole call, as EC2 has it. Returns how many were named. */
static size_t named(struct call *c, const struct list *l, const struct scope *s, const struct scope *more)
{
    size_t count = 0, prefix = strlen(l->ids);
    for (size_t i = 0; i < c->params->count; i++) {
        mw_str key = c->params->list[i].key, v = c->params->list[i].value;
        uint64_t index;
        if (key.len <= prefix + 1 || memcmp(key.data, l->ids, prefix) != 0 || key.data[prefix] != '.')
            continue;
        if (!thing_of_id(s, v, l->prefix, &index)) {
            char id[64];
            snprintf(id, sizeof id, "'%.*s'", v.len < 48 ? (int)v.len : 48, v.data);
            fail(c, 400, l->missing, "These ids do not exist: ", id);
            return 1;
        }
        struct thing t = thing_of(s, index);
        l->item(c, &t, more);
        count++;
    }
    return count;
}

static bool wanted(struct call *c, const struct thing *t)
{
    return t->scope->kind != K_SNAPSHOT || !param(c->params, "RestorableBy.1").data || fact(t, F_PUBLIC);
}

static void run_list(struct call *c, const struct list *l)
{
    struct page p = page_of(c, param(c->params, "NextToken"), param(c->params, "MaxResults"), l->least, l->most, 1000,
                            "InvalidNextToken");
    if (!p.good || refuse_filters(c))
        return;
    struct scope s = here(c, l->kind), more[4];
    for (int i = 0; i < 4; i++)
        more[i] = here(c, l->more[i]);
    say(c->out, "<$s>", S(l->element));
    uint64_t at = p.from, total = s.count, made = 0, of;
    if (named(c, l, &s, more)) {
        at = total;
    } else if (s.kind == K_SNAPSHOT) {
        for (uint64_t index; effect_snapshot(&s, (size_t)made, &index, &of); made++)
            total++;
    }
    uint64_t n = 0;
    for (; at < total && n < p.size; at++) {
        uint64_t index = s.first + at;
        if (at >= s.count)
            (void)effect_snapshot(&s, (size_t)(at - s.count), &index, &of);
        struct thing t = thing_of(&s, index);
        if (!thing_exists(&t) || !wanted(c, &t))
            continue;
        l->item(c, &t, more);
        n++;
    }
    say(c->out, "</$s>", S(l->element));
    char token[TOKEN_SIZE];
    if (at < total)
        say(c->out, "<nextToken>$s</nextToken>", S(token_for(c, token, at)));
}

static const struct list lists[] = {
    {K_INSTANCE,
     "reservationSet",
     "InstanceId",
     "i-",
     "InvalidInstanceID.NotFound",
     5,
     1000,
     instance,
     {K_VPC, K_SUBNET, K_SECURITY_GROUP, K_VOLUME}},
    {K_VOLUME, "volumeSet", "VolumeId", "vol-", "InvalidVolume.NotFound", 5, 500, volume, {K_INSTANCE}},
    {K_SNAPSHOT, "snapshotSet", "SnapshotId", "snap-", "InvalidSnapshot.NotFound", 5, 1000, snapshot, {K_VOLUME}},
    {K_SECURITY_GROUP,
     "securityGroupInfo",
     "GroupId",
     "sg-",
     "InvalidGroup.NotFound",
     5,
     1000,
     security_group,
     {K_VPC}},
    {K_VPC, "vpcSet", "VpcId", "vpc-", "InvalidVpcID.NotFound", 5, 1000, vpc, {K_VPC}},
    {K_SUBNET, "subnetSet", "SubnetId", "subnet-", "InvalidSubnetID.NotFound", 5, 1000, subnet, {K_VPC}},
    {K_ROUTE_TABLE,
     "routeTableSet",
     "RouteTableId",
     "rtb-",
     "InvalidRouteTableID.NotFound",
     5,
     100,
     route_table,
     {K_VPC}},
    {K_FLOW_LOG, "flowLogSet", "FlowLogId", "fl-", "InvalidFlowLogId.NotFound", 1, 1000, flow_log, {K_VPC}},
};

static void describe_instances(struct call *c)
{
    run_list(c, &lists[0]);
}
static void describe_volumes(struct call *c)
{
    run_list(c, &lists[1]);
}
static void describe_snapshots(struct call *c)
{
    run_list(c, &lists[2]);
}
static void describe_security_groups(struct call *c)
{
    run_list(c, &lists[3]);
}
static void describe_vpcs(struct call *c)
{
    run_list(c, &lists[4]);
}
static void describe_subnets(struct call *c)
{
    run_list(c, &lists[5]);
}
static void describe_route_tables(struct call *c)
{
    run_list(c, &lists[6]);
}
static void describe_flow_logs(struct call *c)
{
    run_list(c, &lists[7]);
}

static void describe_snapshot_attribute(struct call *c)
{
    struct scope s = here(c, K_SNAPSHOT);
    mw_str id = param(c->params, "SnapshotId");
    uint64_t index;
    if (!thing_of_id(&s, id, "snap-", &index)) {
        fail(c, 400, "InvalidSnapshot.NotFound", "The snapshot does not exist.", "");
        return;
    }
    struct thing t = thing_of(&s, index);
    say(c->out, "<snapshotId>snap-$h</snapshotId><createVolumePermission>$s</createVolumePermission>",
        U(thing_id(&s, index)), S(fact(&t, F_PUBLIC) ? "<item><group>all</group></item>" : ""));
}

static void describe_regions(struct call *c)
{
    text(c->out, "<regionInfo>");
    for (unsigned r = 0; r < c->world->regions; r++)
        say(c->out,
            "<item><regionName>$s</regionName><regionEndpoint>ec2.$s.amazonaws.com</regionEndpoint>"
            "<optInStatus>opt-in-not-required</optInStatus></item>",
            S(c->world->region[r]), S(c->world->region[r]));
    text(c->out, "</regionInfo>");
}

static void get_ebs_encryption(struct call *c)
{
    struct scope s = here(c, K_VOLUME);
    say(c->out, "<ebsEncryptionByDefault>$s</ebsEncryptionByDefault>", S(s.key & 1 ? "true" : "false"));
}

static void create_snapshot(struct call *c)
{
    struct scope s = here(c, K_SNAPSHOT), volumes = here(c, K_VOLUME);
    uint64_t volume_index, index;
    if (!thing_of_id(&volumes, param(c->params, "VolumeId"), "vol-", &volume_index)) {
        fail(c, 400, "InvalidVolume.NotFound", "The volume does not exist.", "");
        return;
    }
    char of[NAME_SIZE], name[NAME_SIZE];
    struct thing v = thing_of(&volumes, volume_index);
    thing_name(of, &v);
    if (!effect_create_snapshot(c, &s, volume_index, &index))
        return;
    struct thing t = thing_of(&s, index);
    thing_name(name, &t);
    if (!effect_note(c, name, of))
        return;
    say(c->out,
        "<snapshotId>$s</snapshotId><volumeId>$s</volumeId><status>pending</status><startTime>$T"
        "</startTime><progress/><ownerId>$s</ownerId><volumeSize>8</volumeSize><encrypted>$s"
        "</encrypted>",
        S(name), S(of), U((uint64_t)c->now), S(c->account_id), S(fact(&t, F_ENCRYPTED) ? "true" : "false"));
}

static void modify_metadata_options(struct call *c)
{
    struct scope s = here(c, K_INSTANCE);
    mw_str tokens = param(c->params, "HttpTokens");
    uint64_t index;
    if (!thing_of_id(&s, param(c->params, "InstanceId"), "i-", &index)) {
        fail(c, 400, "InvalidInstanceID.NotFound", "The instance does not exist.", "");
        return;
    }
    bool required = str_is(tokens, "required");
    if (tokens.data && !required && !str_is(tokens, "optional")) {
        fail(c, 400, "InvalidParameterValue", "HttpTokens must be optional or required.", "");
        return;
    }
    char name[NAME_SIZE];
    struct thing t = thing_of(&s, index);
    thing_name(name, &t);
    if (tokens.data && !effect_set(c, &s, index, F_HTTP_TOKENS, required))
        return;
    if (!effect_note(c, name, required ? "HttpTokens=required" : "HttpTokens=optional"))
        return;
    say(c->out,
        "<instanceId>$s</instanceId><instanceMetadataOptions><state>pending</state><httpTokens>$s"
        "</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled"
        "</httpEndpoint></instanceMetadataOptions>",
        S(name), S(fact(&t, F_HTTP_TOKENS) ? "required" : "optional"));
}

const struct operation ec2_operations[] = {
    {"ec2", "DescribeInstances", describe_instances},
    {"ec2", "DescribeVolumes", describe_volumes},
    {"ec2", "DescribeSnapshots", describe_snapshots},
    {"ec2", "DescribeSecurityGroups", describe_security_groups},
    {"ec2", "DescribeVpcs", describe_vpcs},
    {"ec2", "DescribeSubnets", describe_subnets},
    {"ec2", "DescribeRouteTables", describe_route_tables},
    {"ec2", "DescribeFlowLogs", describe_flow_logs},
    {"ec2", "DescribeSnapshotAttribute", describe_snapshot_attribute},
    {"ec2", "DescribeRegions", describe_regions},
    {"ec2", "GetEbsEncryptionByDefault", get_ebs_encryption},
    {"ec2", "CreateSnapshot", create_snapshot},
    {"ec2", "ModifyInstanceMetadataOptions", modify_metadata_options},
    {NULL, NULL, NULL},
};
