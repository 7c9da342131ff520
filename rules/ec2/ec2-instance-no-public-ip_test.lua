local function instance(change)
  local i = { InstanceId = "i-0123456789abcdef0", State = { Name = "running" } }
  for k, v in pairs(change or {}) do i[k] = v end
  return i
end
return {
  { name = "private", expect = "pass", resource = instance { PrivateIpAddress = "10.0.0.1", NetworkInterfaces = { { NetworkInterfaceId = "eni-1" } } } },
  { name = "public", expect = "fail", message = "198.51.100.7", resource = instance { PublicIpAddress = "198.51.100.7" } },
  { name = "second interface", expect = "fail", resource = instance { NetworkInterfaces = { {}, { Association = { PublicIp = "198.51.100.8" } } } } },
  { name = "exempt", expect = "not_applicable", resource = instance { PublicIpAddress = "198.51.100.7", Tags = { { Key = "Tier", Value = "public" } } } },
  { name = "terminated", expect = "not_applicable", resource = instance { State = { Name = "terminated" }, PublicIpAddress = "198.51.100.7" } },
}
