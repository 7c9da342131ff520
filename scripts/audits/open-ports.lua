--- Which instances let the internet in, by which port and through which security group.
-- A group that is open matters where something wears it, and most where that has a public address.
-- Arguments: ports to look for (default: all).
-- @see https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
local sg, net = require "sg", require "net"

columns { "instance", "name", "state", "public_address", "group", "protocol", "from_port", "to_port", "source" }

local function wanted(entry)
  if #args == 0 then return true end
  for _, port in ipairs(args) do
    if net.covers_port(entry.protocol, entry.from, entry.to, tonumber(port), "tcp") then return true end
  end
  return false
end

local open = {}
for group in aws.items("ec2:DescribeSecurityGroups") do
  local entries = {}
  for _, entry in ipairs(sg.open_ingress(group)) do
    if wanted(entry) then entries[#entries + 1] = entry end
  end
  open[group.GroupId] = entries
end

local function look(instance)
  local tag, seen = instance.Tags and instance.Tags:find("Key", "Name"), {}
  for _, interface in ipairs(instance.NetworkInterfaces or {}) do
    for _, group in ipairs(interface.Groups or {}) do
      for _, entry in ipairs(not seen[group.GroupId] and open[group.GroupId] or {}) do
        emit {
          instance = instance.InstanceId, name = tag and tag.Value, state = instance:path("State.Name"),
          public_address = instance.PublicIpAddress, group = group.GroupId, protocol = entry.protocol,
          from_port = entry.from, to_port = entry.to, source = entry.cidr,
        }
      end
      seen[group.GroupId] = true
    end
  end
end

for reservation in aws.items("ec2:DescribeInstances") do
  for _, instance in ipairs(reservation.Instances) do look(instance) end
end
