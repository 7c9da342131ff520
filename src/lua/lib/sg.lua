--- Security groups: what the internet may reach.
local net = require("net")

local sg = {}

local function each_permission(group, visit)
  for _, p in ipairs(group.IpPermissions or {}) do
    for _, range in ipairs(p.IpRanges or {}) do visit(p, range.CidrIp) end
    for _, range in ipairs(p.Ipv6Ranges or {}) do visit(p, range.CidrIpv6) end
  end
end

--- Ingress permissions of a group as a flat list, one entry a source block, in the group's order:
-- `{ protocol, from, to, cidr, label }`. `label` ("tcp 22-22 0.0.0.0/0") names the entry in messages and subkeys.
function sg.ingress(group)
  local out = {}
  each_permission(group, function(p, cidr)
    local protocol = tostring(p.IpProtocol)
    local ports = p.FromPort ~= nil and (" " .. tostring(p.FromPort) .. "-" .. tostring(p.ToPort)) or ""
    out[#out + 1] = {
      protocol = protocol, from = p.FromPort, to = p.ToPort, cidr = cidr,
      label = (protocol == "-1" and "all" or protocol) .. ports .. " " .. tostring(cidr),
    }
  end)
  return out
end

--- The entries of `sg.ingress` whose source is the whole internet (0.0.0.0/0 or ::/0).
function sg.open_ingress(group)
  local out = {}
  for _, entry in ipairs(sg.ingress(group)) do
    if net.is_world(entry.cidr) then out[#out + 1] = entry end
  end
  return out
end

--- One failing verdict for each open entry that lets one of `ports` in over one of `protocols` (default tcp);
-- an empty list when there is none. `what` names the service in the message.
function sg.fail_open_ports(group, ports, what, protocols)
  local verdicts = {}
  for _, entry in ipairs(sg.open_ingress(group)) do
    local hit
    for _, port in ipairs(ports) do
      for _, protocol in ipairs(protocols or { "tcp" }) do
        if net.covers_port(entry.protocol, entry.from, entry.to, port, protocol) then hit = hit or port end
      end
    end
    if hit then
      verdicts[#verdicts + 1] = fail {
        subkey = entry.label,
        message = ("%s (port %d) is open to %s"):format(what, hit, entry.cidr),
      }
    end
  end
  return verdicts
end

return sg
