return {
  { name = "empty", expect = "pass", resource = { GroupId = "sg-1", GroupName = "default", IpPermissions = {}, IpPermissionsEgress = {} } },
  { name = "as AWS makes it", expect = "fail", message = "1 inbound and 1 outbound", resource = { GroupId = "sg-1", GroupName = "default",
      IpPermissions = { { IpProtocol = "-1", UserIdGroupPairs = { { GroupId = "sg-1" } } } },
      IpPermissionsEgress = { { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } } } } },
  { name = "another group", expect = "not_applicable", resource = { GroupId = "sg-2", GroupName = "web",
      IpPermissions = { { IpProtocol = "tcp", FromPort = 443, ToPort = 443 } } } },
}
