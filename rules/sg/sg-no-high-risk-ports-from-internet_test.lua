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
  { name = "web only", expect = "pass", resource = group(v4("tcp", 443, 443), v4("tcp", 80, 80)) },
  { name = "PostgreSQL", expect = "fail", message = "port 5432", resource = group(v4("tcp", 5432, 5432)) },
  { name = "a wide range", expect = "fail", resource = group(v6("tcp", 1024, 65535)) },
  { name = "own list", expect = "pass", params = { ports = { 9999 } }, resource = group(v4("tcp", 5432, 5432)) },
}
