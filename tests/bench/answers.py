"""A fast server of synthesised AWS answers on loopback: 5,000 instances, 6,000 volumes, 500 security groups, 200 buckets, users and roles.

  answers.py [PORT] [--instances N] [--page N] [--full]     EC2's items on a page; its white space and rarer elements too, 9 KB an instance

Bodies are made once; a request costs one look-up. Not an AWS: it knows what a sweep with the shipped rules asks for, and
answers everything else with an empty, well-formed result. `/__calls` tells how many requests there were, and how many answers were empty.
"""
import argparse, asyncio, json, re, urllib.parse

VOLUMES, GROUPS, BUCKETS, USERS, ROLES = 6000, 500, 200, 200, 200
NOW = "2026-01-02T03:04:05.000Z"


def instance(i):
    tags = "".join("<item><key>%s</key><value>%s</value></item>" % kv for kv in (
        ("Name", "web-%05d" % i), ("Environment", ("prod", "staging", "dev")[i % 3]), ("Owner", "team-%02d" % (i % 40)),
        ("CostCenter", "cc-%d" % (i % 25)), ("Application", "shop"), ("ManagedBy", "terraform")))
    disks = "".join("<item><deviceName>/dev/sd%s</deviceName><ebs><volumeId>vol-%015x%d</volumeId><status>attached</status><attachTime>%s</attachTime>"
                    "<deleteOnTermination>true</deleteOnTermination></ebs></item>" % ("ab"[k], i, k, NOW) for k in range(2))
    group = "<item><groupId>sg-%017x</groupId><groupName>web-%d</groupName></item>" % (i % GROUPS, i % GROUPS)
    return (
        "<item><reservationId>r-%017x</reservationId><ownerId>123456789012</ownerId><groupSet/><instancesSet><item>"
        "<instanceId>i-%017x</instanceId><imageId>ami-0abcdef1234567890</imageId><instanceState><code>16</code><name>running</name></instanceState>"
        "<privateDnsName>ip-10-%d-%d-%d.ec2.internal</privateDnsName><dnsName/><reason/><keyName>ops</keyName><amiLaunchIndex>0</amiLaunchIndex>"
        "<productCodes/><instanceType>m5.large</instanceType><launchTime>%s</launchTime><placement><availabilityZone>us-east-1%s</availabilityZone>"
        "<groupName/><tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring><subnetId>subnet-%017x</subnetId>"
        "<vpcId>vpc-0123456789abcdef0</vpcId><privateIpAddress>10.%d.%d.%d</privateIpAddress><sourceDestCheck>true</sourceDestCheck>"
        "<groupSet>%s</groupSet><architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/sda</rootDeviceName>"
        "<blockDeviceMapping>%s</blockDeviceMapping><virtualizationType>hvm</virtualizationType><clientToken>%032x</clientToken><tagSet>%s</tagSet>"
        "<hypervisor>xen</hypervisor><networkInterfaceSet><item><networkInterfaceId>eni-%017x</networkInterfaceId><subnetId>subnet-%017x</subnetId>"
        "<vpcId>vpc-0123456789abcdef0</vpcId><description/><ownerId>123456789012</ownerId><status>in-use</status><macAddress>0a:00:00:%02x:%02x:%02x</macAddress>"
        "<privateIpAddress>10.%d.%d.%d</privateIpAddress><sourceDestCheck>true</sourceDestCheck><groupSet>%s</groupSet><attachment>"
        "<attachmentId>eni-attach-%017x</attachmentId><deviceIndex>0</deviceIndex><status>attached</status><attachTime>%s</attachTime>"
        "<deleteOnTermination>true</deleteOnTermination><networkCardIndex>0</networkCardIndex></attachment><interfaceType>interface</interfaceType></item>"
        "</networkInterfaceSet><iamInstanceProfile><arn>arn:aws:iam::123456789012:instance-profile/web</arn><id>AIPA%016X</id></iamInstanceProfile>"
        "<ebsOptimized>true</ebsOptimized><enaSupport>true</enaSupport><cpuOptions><coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>"
        "<capacityReservationSpecification><capacityReservationPreference>open</capacityReservationPreference></capacityReservationSpecification>"
        "<hibernationOptions><configured>false</configured></hibernationOptions><metadataOptions><state>applied</state><httpTokens>%s</httpTokens>"
        "<httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions><enclaveOptions><enabled>false</enabled>"
        "</enclaveOptions></item></instancesSet></item>" % (
            i, i, i >> 16, i >> 8 & 255, i & 255, NOW, "abc"[i % 3], i % 6, i >> 16, i >> 8 & 255, i & 255, group, disks, i, tags, i, i % 6, i >> 16,
            i >> 8 & 255, i & 255, i >> 16, i >> 8 & 255, i & 255, group, i, NOW, i, "required" if i % 4 else "optional"))


def group(i):
    cidr = "0.0.0.0/0" if i % 10 == 0 else "10.0.0.0/8"
    return ("<item><ownerId>123456789012</ownerId><groupId>sg-%017x</groupId><groupName>web-%d</groupName><groupDescription>web tier</groupDescription>"
            "<vpcId>vpc-0123456789abcdef0</vpcId><ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort><groups/>"
            "<ipRanges><item><cidrIp>%s</cidrIp><description>ops</description></item></ipRanges><ipv6Ranges/><prefixListIds/></item></ipPermissions>"
            "<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges/>"
            "<prefixListIds/></item></ipPermissionsEgress><tagSet><item><key>Name</key><value>web-%d</value></item></tagSet></item>" % (i, i, cidr, i))


def volume(i):
    return ("<item><volumeId>vol-%017x</volumeId><size>%d</size><snapshotId>snap-%017x</snapshotId><availabilityZone>us-east-1%s</availabilityZone>"
            "<status>%s</status><createTime>%s</createTime><attachmentSet>%s</attachmentSet><tagSet><item><key>Name</key><value>disk-%05d</value></item>"
            "<item><key>Environment</key><value>%s</value></item></tagSet><volumeType>%s</volumeType><iops>3000</iops><encrypted>%s</encrypted>"
            "<multiAttachEnabled>false</multiAttachEnabled><throughput>125</throughput></item>" % (
                i, 8 + i % 100, i % 50, "abc"[i % 3], "in-use" if i % 6 else "available", NOW,
                "<item><volumeId>vol-%017x</volumeId><instanceId>i-%017x</instanceId><device>/dev/sda</device><status>attached</status><attachTime>%s"
                "</attachTime><deleteOnTermination>true</deleteOnTermination></item>" % (i, i, NOW) if i % 6 else "",
                i, ("prod", "staging", "dev")[i % 3], ("gp3", "gp2", "io2")[i % 3], "true" if i % 4 else "false"))


def full_instance(i):
    """With what AWS has added over the years."""
    address = "<item><privateIpAddress>10.%d.%d.%d</privateIpAddress><privateDnsName>ip-10-%d-%d-%d.ec2.internal</privateDnsName><primary>true</primary></item>" % (
        (i >> 16, i >> 8 & 255, i & 255) * 2)
    one = instance(i).replace("<attachment><attachmentId>", "<privateIpAddressesSet>%s</privateIpAddressesSet><ipv6AddressesSet/><operator><managed>false</managed>"
                              "</operator><attachment><attachmentId>" % address, 1)
    return one.replace("</item></instancesSet>", (
        "<stateReason><code>pending</code><message>pending</message></stateReason><maintenanceOptions><autoRecovery>default</autoRecovery><rebootMigration>default"
        "</rebootMigration></maintenanceOptions><privateDnsNameOptions><hostnameType>ip-name</hostnameType><enableResourceNameDnsARecord>false"
        "</enableResourceNameDnsARecord><enableResourceNameDnsAAAARecord>false</enableResourceNameDnsAAAARecord></privateDnsNameOptions><platformDetails>Linux/UNIX"
        "</platformDetails><usageOperation>RunInstances</usageOperation><usageOperationUpdateTime>%s</usageOperationUpdateTime><bootMode>uefi-preferred</bootMode>"
        "<currentInstanceBootMode>legacy-bios</currentInstanceBootMode><networkPerformanceOptions><bandwidthWeighting>default</bandwidthWeighting>"
        "</networkPerformanceOptions><operator><managed>false</managed></operator></item></instancesSet>") % NOW)


def indented(body):
    """With the white space of AWS: a line for each element, four spaces for each level."""
    depth, out = 0, []
    for closing, tag, empty, text in re.findall(r"<(/?)([^>]*?)(/?)>([^<]*)", body):
        depth -= bool(closing)
        if not closing or out[-1].endswith(">"):
            out.append("\n" + "    " * depth)
        out.append("<%s%s%s>%s" % (closing, tag, empty, text))
        depth += not closing and not empty
    return "".join(out).lstrip("\n")


def pages(op, tag, item, count, page, full):
    out = []
    for start in range(0, count, page):
        more = "<nextToken>%d</nextToken>" % (start // page + 1) if start + page < count else ""
        out.append(("<%sResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId><%s>%s</%s>%s</%sResponse>" % (
            op, tag, "".join(item(i) for i in range(start, min(start + page, count))), tag, more, op)))
    return [(indented(body) if full else body).encode() for body in out]


def query(op, result):
    return ("<%sResponse><%sResult>%s</%sResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%sResponse>" % (op, op, result, op, op)).encode()


def user(i):
    return ("<member><Path>/</Path><UserName>user-%03d</UserName><UserId>AIDA%016X</UserId><Arn>arn:aws:iam::123456789012:user/user-%03d</Arn>"
            "<CreateDate>2024-01-02T03:04:05Z</CreateDate><GroupList><member>developers</member></GroupList><AttachedManagedPolicies/>"
            "<Tags><member><Key>Team</Key><Value>shop</Value></member></Tags></member>" % (i, i, i))


def role(i, listed=False):
    trust = urllib.parse.quote('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}')
    more = "<MaxSessionDuration>3600</MaxSessionDuration>" if listed else (
        "<InstanceProfileList/><RolePolicyList/><AttachedManagedPolicies/><Tags><member><Key>Team</Key><Value>shop</Value></member></Tags>")
    return ("<member><Path>/</Path><RoleName>role-%03d</RoleName><RoleId>AROA%016X</RoleId><Arn>arn:aws:iam::123456789012:role/role-%03d</Arn>"
            "<CreateDate>2024-01-02T03:04:05Z</CreateDate><AssumeRolePolicyDocument>%s</AssumeRolePolicyDocument>%s</member>" % (i, i, i, trust, more))


def list_user(i):
    return ("<member><Path>/</Path><UserName>user-%03d</UserName><UserId>AIDA%016X</UserId><Arn>arn:aws:iam::123456789012:user/user-%03d</Arn>"
            "<CreateDate>2024-01-02T03:04:05Z</CreateDate></member>" % (i, i, i))


def report():
    import base64
    rows = ["user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active,access_key_1_last_used_date,access_key_2_last_used_date",
            "<root_account>,arn:aws:iam::123456789012:root,2020-01-01T00:00:00+00:00,not_supported,no_information,not_supported,true,N/A,N/A"]
    rows += ["user-%03d,arn:aws:iam::123456789012:user/user-%03d,2024-01-02T03:04:05+00:00,%s,2026-01-01T00:00:00+00:00,2024-01-02T03:04:05+00:00,%s,N/A,N/A" % (
        i, i, "true" if i % 2 else "false", "true" if i % 3 else "false") for i in range(USERS)]
    return base64.b64encode("\n".join(rows).encode()).decode()


def build(instances=5000, page=1000, full=False):
    ec2 = {"DescribeInstances": pages("DescribeInstances", "reservationSet", full_instance if full else instance, instances, page, full),
           "DescribeVolumes": pages("DescribeVolumes", "volumeSet", volume, VOLUMES, page, full),
           "DescribeSecurityGroups": pages("DescribeSecurityGroups", "securityGroupInfo", group, GROUPS, page, full),
           "DescribeRegions": [b"<DescribeRegionsResponse><requestId>r</requestId><regionInfo><item><regionName>us-east-1</regionName><regionEndpoint>ec2.us-east-1.amazonaws.com"
                               b"</regionEndpoint><optInStatus>opt-in-not-required</optInStatus></item></regionInfo></DescribeRegionsResponse>"],
           "GetEbsEncryptionByDefault": [b"<GetEbsEncryptionByDefaultResponse><requestId>r</requestId><ebsEncryptionByDefault>true</ebsEncryptionByDefault></GetEbsEncryptionByDefaultResponse>"]}
    half = USERS // 2
    other = {"GetCallerIdentity": query("GetCallerIdentity", "<Arn>arn:aws:iam::123456789012:user/bench</Arn><UserId>AIDA</UserId><Account>123456789012</Account>"),
             "GetCredentialReport": query("GetCredentialReport", "<Content>%s</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>%s</GeneratedTime>" % (report(), NOW)),
             "GenerateCredentialReport": query("GenerateCredentialReport", "<State>COMPLETE</State>"),
             "GetAccountSummary": query("GetAccountSummary", "<SummaryMap><entry><key>AccountMFAEnabled</key><value>1</value></entry></SummaryMap>"),
             "ListUsers": query("ListUsers", "<IsTruncated>false</IsTruncated><Users>%s</Users>" % "".join(list_user(i) for i in range(USERS))),
             "ListRoles": query("ListRoles", "<IsTruncated>false</IsTruncated><Roles>%s</Roles>" % "".join(role(i, True) for i in range(ROLES)))}
    details = [query("GetAccountAuthorizationDetails", "<IsTruncated>%s</IsTruncated>%s<UserDetailList>%s</UserDetailList><RoleDetailList>%s</RoleDetailList>" % (
        "true" if a == 0 else "false", "<Marker>1</Marker>" if a == 0 else "", "".join(user(i) for i in range(a, a + half)),
        "".join(role(i) for i in range(a, a + half)))) for a in (0, half)]
    buckets = ("<ListAllMyBucketsResult><Owner><ID>o</ID></Owner><Buckets>%s</Buckets></ListAllMyBucketsResult>" % "".join(
        "<Bucket><Name>bucket-%03d</Name><CreationDate>2024-01-02T03:04:05.000Z</CreationDate><BucketRegion>us-east-1</BucketRegion></Bucket>" % i for i in range(BUCKETS))).encode()
    s3 = {"versioning": b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
          "encryption": b"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
          "publicAccessBlock": b"<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
          "acl": b"<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>o</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>",
          "tagging": b"<Tagging><TagSet><Tag><Key>Team</Key><Value>shop</Value></Tag></TagSet></Tagging>",
          "location": b"<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>", "logging": b"<BucketLoggingStatus/>",
          "notification": b"<NotificationConfiguration/>"}
    absent = {"policy": "NoSuchBucketPolicy", "policyStatus": "NoSuchBucketPolicy", "replication": "ReplicationConfigurationNotFoundError",
              "website": "NoSuchWebsiteConfiguration", "lifecycle": "NoSuchLifecycleConfiguration"}
    calls = {"calls": 0, "empty": 0}

    def answer(method, target, headers, body):
        path, _, text = target.partition("?")
        if path == "/__calls":
            said = json.dumps(calls).encode()
            calls.update(calls=0, empty=0)
            return 200, "application/json", said
        calls["calls"] += 1
        if b"Action=" in body:
            form = dict(urllib.parse.parse_qsl(body.decode()))
            op = form["Action"]
            if "/ec2/" in headers["authorization"]:
                if op in ec2:
                    return 200, "text/xml", ec2[op][int(form.get("NextToken", 0))]
                calls["empty"] += 1
                return 200, "text/xml", ("<%sResponse><requestId>r</requestId></%sResponse>" % (op, op)).encode()
            if op == "GetAccountAuthorizationDetails":
                return 200, "text/xml", details[int(form.get("Marker", 0))]
            if op in ("GetUser", "GetRole"):
                kind = op[3:]
                one = (user if kind == "User" else role)(int(form[kind + "Name"].rpartition("-")[2]))
                return 200, "text/xml", query(op, "<%s>%s</%s>" % (kind, one[len("<member>"):-len("</member>")], kind))
            calls["empty"] += op not in other
            return 200, "text/xml", other.get(op) or query(op, "")
        if "/s3/" in headers["authorization"]:
            if path == "/":
                return 200, "application/xml", buckets
            name = text.split("&")[0].split("=")[0]
            if name in absent:
                return 404, "application/xml", ("<Error><Code>%s</Code><Message>none</Message></Error>" % absent[name]).encode()
            if path.startswith("/v20180820"):
                return 404, "application/xml", b"<Error><Code>NoSuchPublicAccessBlockConfiguration</Code></Error>"
            calls["empty"] += name not in s3
            return 200, "application/xml", s3.get(name, b"")
        calls["empty"] += 1
        return 200, "application/x-amz-json-1.1", b"{}"

    return answer


async def serve(port, **sizes):
    answer = build(**sizes)

    async def client(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ", 2)
                headers = {k.lower(): v for k, v in (l.split(": ", 1) for l in lines[1:] if ": " in l)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, kind, data = answer(method, target, headers, body)
                writer.write(("HTTP/1.1 %d OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(data))).encode() + data)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", port, limit=1 << 22)
    print("http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("port", type=int, nargs="?", default=0)
    p.add_argument("--instances", type=int, default=5000)
    p.add_argument("--page", type=int, default=1000)
    p.add_argument("--full", action="store_true")
    a = p.parse_args()
    asyncio.run(serve(a.port, instances=a.instances, page=a.page, full=a.full))
