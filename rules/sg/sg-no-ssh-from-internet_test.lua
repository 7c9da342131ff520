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
  { name = "from one network", expect = "pass", resource = group(v4("tcp", 22, 22, "10.0.0.0/8")) },
  { name = "IPv4", expect = "fail", message = "0.0.0.0/0", resource = group(v4("tcp", 22, 22)) },
  { name = "IPv6", expect = "fail", message = "::/0", resource = group(v6("tcp", 22, 22)) },
  { name = "inside a range", expect = "fail", resource = group(v4("tcp", 0, 1024)) },
  { name = "every protocol", expect = "fail", resource = group(v4("-1")) },
  { name = "two rules", expect = { "fail", "fail" }, subkeys = { "tcp 22-22 0.0.0.0/0", "tcp 22-22 ::/0" },
    resource = group(v4("tcp", 22, 22), v6("tcp", 22, 22)) },
  { name = "udp", expect = "pass", resource = group(v4("udp", 22, 22)) },
  { name = "another port", expect = "fail", params = { port = 2222 }, resource = group(v4("tcp", 2222, 2222)) },
  { name = "no rules", expect = "pass", resource = group() },
}
