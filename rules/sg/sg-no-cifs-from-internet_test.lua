local function group(...)
  return { GroupId = "sg-1", GroupName = "web", IpPermissions = { ... } }
end
local function v4(protocol, from, to, cidr)
  return { IpProtocol = protocol, FromPort = from, ToPort = to, IpRanges = { { CidrIp = cidr or "0.0.0.0/0" } } }
end
local function v6(protocol, from, to)
  return { IpProtocol = protocol, FromPort = from, ToPort = to, Ipv6Ranges = { { CidrIpv6 = "::/0" } } }
end

return {
  { name = "closed", expect = "pass", resource = group(v4("tcp", 443, 443)) },
  { name = "445", expect = "fail", message = "port 445", resource = group(v4("tcp", 445, 445)) },
  { name = "139 in a range", expect = "fail", message = "port 139", resource = group(v6("tcp", 100, 200)) },
  { name = "private", expect = "pass", resource = group(v4("tcp", 445, 445, "10.1.0.0/16")) },
}
