-- Blocks of addresses and ports.
local net = require("net")
local sg = require("sg")
local arns = require("arn")
net.parse("10.1.2.3/8").text  --> "10.0.0.0/8"
net.parse("10.1.2.3").bits  --> 32
net.parse("10.1.2.3").bytes  --> { 10, 1, 2, 3 }
net.parse("2001:DB8::1/64").text  --> "2001:db8::/64"
net.parse("::").bits  --> 128
net.parse("::ffff:192.0.2.1").family  --> 6
net.parse("10.0.0.256")  --> nil
net.parse("10.0.0.0/33")  --> nil
net.parse("010.0.0.1")  --> nil
net.parse("::/129")  --> nil
net.parse("1::2::3")  --> nil
net.parse("fe80::1%eth0")  --> nil
net.parse("")  --> nil
net.parse(5)  --> nil
net.parse(nil)  --> nil
net.contains("10.0.0.0/8", "10.1.0.0/16")  --> true
net.contains("10.1.0.0/16", "10.0.0.0/8")  --> false
net.contains("::/0", "10.0.0.0/8")  --> false
net.contains("2001:db8::/33", "2001:db8:8000::/34")  --> false
net.contains("x", "10.0.0.0/8")  --> nil
net.overlaps("10.0.0.0/9", "10.64.0.0/10")  --> true
net.overlaps("10.0.0.0/9", "10.128.0.0/9")  --> false
net.size("10.0.0.0/8")  --> 16777216
net.size("10.0.0.1")  --> 1
net.size("::/64") == 2.0 ^ 64  --> true
net.size("x")  --> nil
net.is_world("0.0.0.0/0")  --> true
net.is_world("1.2.3.4/0")  --> true
net.is_world("0:0::0/0")  --> true
net.is_world("0.0.0.0/1")  --> false
net.is_world(nil)  --> false
net.covers_world({ "0.0.0.0/1", "128.0.0.0/1" })  --> true, { 4 = true }
net.covers_world({ "0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/2", "::/0" })  --> true, { 4 = true, 6 = true }
net.covers_world({ "0.0.0.0/1", "128.0.0.0/2", "sg-1" })  --> false, {}
net.covers_world({})  --> false, {}
net.merge({ "10.0.1.0/24", "10.0.0.0/24", "10.0.0.7/32" })  --> { "10.0.0.0/23" }
net.merge({ "::1", "10.0.0.1", "10.0.0.1" })  --> { "10.0.0.1/32", "::1/128" }
net.merge({ "8000::/1", "::/1" })  --> { "::/0" }
net.merge({ "10.0.0.0/24", "x" })  --> nil, "x"
net.merge({})  --> {}
net.is_private("10.3.0.0/16")  --> true
net.is_private("10.0.0.0/7")  --> false
net.is_private("172.31.0.1")  --> true
net.is_private("172.32.0.1")  --> false
net.is_private("fd00::/8")  --> true
net.is_private("8.8.8.8")  --> false
net.protocol(6)  --> "tcp"
net.protocol("-1")  --> "-1"
net.protocol("ICMPv6")  --> "icmpv6"
net.covers_port("tcp", 20, 30, 22)  --> true
net.covers_port("6", 20, 30, 22)  --> true
net.covers_port("udp", 20, 30, 22)  --> false
net.covers_port("-1", nil, nil, 22)  --> true
net.covers_port(-1, nil, nil, 22, "udp")  --> true
net.covers_port("tcp", 23, 30, 22)  --> false
net.covers_port("icmp", -1, -1, 22)  --> false
net.ports("8000-8080")  --> 8000, 8080
net.ports(443)  --> 443, 443
net.ports("*")  --> 0, 65535
net.ports(-1)  --> 0, 65535
net.ports("80-70")  --> nil
net.ports("70000")  --> nil
net.ports("http")  --> nil
net.service(5432)  --> "PostgreSQL"
net.service(4)  --> nil
local function group(...) return { IpPermissions = { { IpProtocol = "tcp", FromPort = 22, ToPort = 22, IpRanges = { ... } } } } end
local halves = group({ CidrIp = "0.0.0.0/1" }, { CidrIp = "128.0.0.0/1" }, { CidrIp = "10.0.0.0/8" })
#sg.ingress(halves)  --> 3
#sg.open_ingress(halves)  --> 3
#sg.open_ingress(group({ CidrIp = "0.0.0.0/1" }))  --> 0
#sg.open_ingress(group({ CidrIp = "0.0.0.0/0" }, { CidrIp = "10.0.0.0/8" }))  --> 1
sg.open_ingress(group({ CidrIp = "0.0.0.0/0" }))  --> { { cidr = "0.0.0.0/0", from = 22, label = "tcp 22-22 0.0.0.0/0", protocol = "tcp", to = 22 } }
sg.references({ IpPermissions = { { IpProtocol = "-1", UserIdGroupPairs = { { GroupId = "sg-1", UserId = "1" } }, PrefixListIds = { { PrefixListId = "pl-1" } } } } })  --> { { account = "1", group = "sg-1", protocol = "-1" }, { prefix_list = "pl-1", protocol = "-1" } }
#sg.open_egress({ IpPermissionsEgress = { { IpProtocol = "-1", Ipv6Ranges = { { CidrIpv6 = "::/0" } } } } })  --> 1
arns.parse("arn:aws:iam::111122223333:role/path/name")  --> { account = "111122223333", id = "path/name", partition = "aws", region = "", resource = "role/path/name", service = "iam", type = "role" }
arns.parse("arn:aws:s3:::bucket/key:1").type  --> "object"
arns.parse("arn:aws:s3:::bucket").id  --> "bucket"
arns.parse("arn:aws:s3:eu-west-1:1:accesspoint/ap").type  --> "accesspoint"
arns.parse("arn:aws:lambda:eu-west-1:1:function:f:live").id  --> "f:live"
arns.parse("arn:aws:sqs:eu-west-1:1:q").type  --> "queue"
arns.parse("arn:aws:sns:eu-west-1:1:t").type  --> "topic"
arns.parse("arn:aws:apigateway:eu-west-1::/restapis/abc").type  --> "restapis"
arns.parse("arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/f:*").id  --> "/aws/lambda/f:*"
arns.parse("arn:aws:s3")  --> nil
arns.parse(7)  --> nil
arns.build { service = "iam", account = "1", type = "role", id = "r" }  --> "arn:aws:iam::1:role/r"
arns.build { service = "lambda", region = "eu-west-1", account = "1", type = "function", id = "f", separator = ":" }  --> "arn:aws:lambda:eu-west-1:1:function:f"
arns.match("arn:aws:s3:::b*", "arn:aws:s3:::bucket/key")  --> true
arns.match("arn:aws:*:bucket", "arn:aws:s3:::bucket")  --> false
arns.match("*", "arn:aws:s3:::b")  --> true
arns.match("*", "b")  --> false
arns.account("arn:aws:iam::1:role/r")  --> "1"
arns.region("arn:aws:iam::1:role/r")  --> nil
arns.partition_of("cn-north-1")  --> "aws-cn"
arns.partition_of("us-gov-west-1")  --> "aws-us-gov"
arns.partition_of("us-isob-east-1")  --> "aws-iso-b"
arns.partition_of("eu-west-1")  --> "aws"
