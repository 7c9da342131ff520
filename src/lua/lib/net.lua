--- Networks and ports: CIDR blocks of IPv4 and IPv6, "open to the world", port ranges.
local net = {}

local function ipv4(text)
  local a, b, c, d = text:match("^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  if not a then return nil end
  local bytes = { tonumber(a), tonumber(b), tonumber(c), tonumber(d) }
  for i = 1, 4 do
    if bytes[i] > 255 then return nil end
  end
  return bytes
end

local function groups(text)
  local out = {}
  if text == "" then return out end
  for part in (text .. ":"):gmatch("([^:]*):") do
    if not part:find("^%x%x?%x?%x?$") then return nil end
    local value = tonumber(part, 16)
    out[#out + 1] = value // 256
    out[#out + 1] = value % 256
  end
  return out
end

local function ipv6(text)
  local tail4 = text:match(":(%d+%.%d+%.%d+%.%d+)$")
  if tail4 then
    local v4 = ipv4(tail4)
    if not v4 then return nil end
    text = text:sub(1, #text - #tail4) .. ("%x:%x"):format(v4[1] * 256 + v4[2], v4[3] * 256 + v4[4])
  end
  local head, rest = text:match("^(.-)::(.*)$")
  if not head then
    local bytes = groups(text)
    return bytes and #bytes == 16 and bytes or nil
  end
  if rest:find("::", 1, true) then return nil end
  local left, right = groups(head), groups(rest)
  if not left or not right or #left + #right > 14 then return nil end
  for _ = 1, 16 - #left - #right do left[#left + 1] = 0 end
  for i = 1, #right do left[#left + 1] = right[i] end
  return left
end

--- A CIDR block or an address as `{ bytes, bits, family = 4|6 }`, or nil when it is neither.
function net.parse(text)
  if type(text) ~= "string" then return nil end
  local address, bits = text:match("^([^/]+)/(%d%d?%d?)$")
  address = address or text
  local family, bytes = 4, ipv4(address)
  if not bytes then
    family, bytes = 6, ipv6(address)
  end
  if not bytes then return nil end
  local most = family == 4 and 32 or 128
  bits = bits and tonumber(bits) or most
  if bits > most then return nil end
  return { bytes = bytes, bits = bits, family = family }
end

local function same_prefix(a, b, bits)
  local whole, rest = bits // 8, bits % 8
  for i = 1, whole do
    if a[i] ~= b[i] then return false end
  end
  if rest == 0 then return true end
  local unit = 1 << (8 - rest)
  return a[whole + 1] // unit == b[whole + 1] // unit
end

--- Does block `outer` hold all of `inner`? Both as text. nil when one of them is no block.
function net.contains(outer, inner)
  local o, i = net.parse(outer), net.parse(inner)
  if not o or not i then return nil end
  return o.family == i.family and o.bits <= i.bits and same_prefix(o.bytes, i.bytes, o.bits)
end

--- Have two blocks an address in common?
function net.overlaps(a, b)
  local x, y = net.parse(a), net.parse(b)
  if not x or not y then return nil end
  return x.family == y.family and same_prefix(x.bytes, y.bytes, math.min(x.bits, y.bits))
end

--- Is this the whole internet: any text for 0.0.0.0/0 or ::/0?
function net.is_world(cidr)
  local block = net.parse(cidr)
  return block ~= nil and block.bits == 0
end

local private = {
  "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
  "fc00::/7", "fe80::/10", "::1/128",
}

--- Does the block lie wholly in private, shared, loopback or link-local space (RFC 1918, 6598, 4193)?
function net.is_private(cidr)
  for _, block in ipairs(private) do
    if net.contains(block, cidr) then return true end
  end
  return false
end

local numbers = { ["6"] = "tcp", ["17"] = "udp", ["1"] = "icmp", ["58"] = "icmpv6" }

--- Does a security group rule (IpProtocol, FromPort, ToPort) let this port of tcp or udp in?
-- Protocol -1 means every protocol and port.
function net.covers_port(protocol, from, to, port, wanted)
  protocol = tostring(protocol)
  protocol = numbers[protocol] or protocol:lower()
  if protocol == "-1" then return true end
  if protocol ~= (wanted or "tcp") then return false end
  if from == nil or to == nil or from == -1 then return true end
  return from <= port and port <= to
end

return net
