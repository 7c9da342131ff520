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
  { name = "web only", expect = "pass", resource = group(v4("tcp", 443, 443)) },
  { name = "every protocol", expect = "fail", message = "every port", resource = group(v4("-1")) },
  { name = "every tcp port, IPv6", expect = "fail", subkeys = { "tcp 0-65535 ::/0" }, resource = group(v6("tcp", 0, 65535)) },
  { name = "from one network", expect = "pass", resource = group(v4("-1", nil, nil, "10.0.0.0/8")) },
}
