--- Security groups: what the internet may reach.
local net = require("net")

local sg = {}

local function each_permission(permissions, visit)
  for _, p in ipairs(permissions or {}) do
    for _, range in ipairs(p.IpRanges or {}) do visit(p, range.CidrIp) end
    for _, range in ipairs(p.Ipv6Ranges or {}) do visit(p, range.CidrIpv6) end
  end
end

local function entries(permissions)
  local out = {}
  each_permission(permissions, function(p, cidr)
    local protocol = tostring(p.IpProtocol)
    local ports = p.FromPort ~= nil and (" " .. tostring(p.FromPort) .. "-" .. tostring(p.ToPort)) or ""
    out[#out + 1] = {
      protocol = protocol, from = p.FromPort, to = p.ToPort, cidr = cidr,
      label = (protocol == "-1" and "all" or protocol) .. ports .. " " .. tostring(cidr),
    }
  end)
  return out
end

-- Those of the internet. Blocks of the same ports that are the internet only together count as well.
local function open(list)
  local groups, out = {}, {}
  for _, entry in ipairs(list) do
    entry.key = net.protocol(entry.protocol) .. " " .. tostring(entry.from) .. "-" .. tostring(entry.to)
    groups[entry.key] = groups[entry.key] or {}
    table.insert(groups[entry.key], entry.cidr)
  end
  for key, cidrs in pairs(groups) do
    local _, families = net.covers_world(cidrs)
    local whole = {} -- a family that one block opens alone is not opened by its parts
    for _, cidr in ipairs(cidrs) do
      if net.is_world(cidr) then whole[net.parse(cidr).family] = true end
    end
    groups[key] = { families = families, whole = whole }
  end
  for _, entry in ipairs(list) do
    local block, group = net.parse(entry.cidr), groups[entry.key]
    entry.key = nil
    if block and (block.bits == 0 or (group.families[block.family] and not group.whole[block.family])) then
      out[#out + 1] = entry
    end
  end
  return out
end

--- Ingress permissions of a group as a flat list, one entry a source block, in the group's order:
-- `{ protocol, from, to, cidr, label }`. `label` ("tcp 22-22 0.0.0.0/0") names the entry in messages and subkeys.
function sg.ingress(group)
  return entries(group.IpPermissions)
end

--- The same for egress.
function sg.egress(group)
  return entries(group.IpPermissionsEgress)
end

--- The entries of `sg.ingress` whose source is the whole internet: 0.0.0.0/0, ::/0, or blocks of the same ports that are
-- it together (0.0.0.0/1 and 128.0.0.0/1).
function sg.open_ingress(group)
  return open(sg.ingress(group))
end

--- The entries of `sg.egress` whose destination is the whole internet.
function sg.open_egress(group)
  return open(sg.egress(group))
end

--- Sources of ingress that are no blocks: `{ protocol, from, to, group, account, prefix_list }`.
function sg.references(group)
  local out = {}
  for _, p in ipairs(group.IpPermissions or {}) do
    local protocol = tostring(p.IpProtocol)
    for _, pair in ipairs(p.UserIdGroupPairs or {}) do
      out[#out + 1] = { protocol = protocol, from = p.FromPort, to = p.ToPort, group = pair.GroupId, account = pair.UserId }
    end
    for _, list in ipairs(p.PrefixListIds or {}) do
      out[#out + 1] = { protocol = protocol, from = p.FromPort, to = p.ToPort, prefix_list = list.PrefixListId }
    end
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
