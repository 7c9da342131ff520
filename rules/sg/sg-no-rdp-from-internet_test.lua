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
  { name = "tcp", expect = "fail", message = "RDP (port 3389)", resource = group(v4("tcp", 3389, 3389)) },
  { name = "udp", expect = "fail", resource = group(v4("udp", 3389, 3389)) },
  { name = "IPv6", expect = "fail", resource = group(v6("tcp", 3000, 4000)) },
  { name = "every protocol", expect = "fail", resource = group(v6("-1")) },
  { name = "private", expect = "pass", resource = group(v4("tcp", 3389, 3389, "192.168.0.0/16")) },
}
