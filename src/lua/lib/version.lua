--- Versions: dotted numbers, semantic versions, the forms that AWS's engines use.
local version = {}

-- What makes a suffix older than the version without it. Others ("R2", "eks-5e0fdde") do not.
local earlier = { alpha = true, beta = true, rc = true, pre = true, preview = true, dev = true, snapshot = true, canary = true,
                  a = true, b = true, m = true }

local function read_parts(core)
  local parts = {}
  for _, piece in ipairs(core:split(".")) do
    local digits, rest = piece:match("^(%d+)(.*)$")
    if piece == "x" or piece == "X" or piece == "*" then
      parts[#parts + 1] = { number = math.huge, rest = "" }
    else
      parts[#parts + 1] = { number = tonumber(digits) or -1, rest = digits and rest or piece }
    end
  end
  return parts
end

--- The parts of a version: `{ engine, compatible, core, parts, suffix, earlier }`, or nil when it has no number.
-- "8.0.mysql_aurora.3.04.0" is version 3.04.0 of engine "aurora-mysql", compatible with 8.0; "OpenSearch_2.11" is version
-- 2.11 of engine "opensearch"; "v1.2.3-rc1+build" is 1.2.3 with a suffix that makes it earlier.
function version.parse(text)
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" then return nil end
  local out = {}
  local rest = text:trim():gsub("%+.*$", "")
  local compatible, engine, own = rest:match("^([%d%.]+)%.(%a+)_aurora%.(.+)$")
  if compatible then
    out.engine, out.compatible, rest = "aurora-" .. engine:lower(), compatible, own
  else
    local name, number = rest:match("^(%a[%a ]*)[_ ](%d.*)$")
    if name then out.engine, rest = name:lower(), number end
  end
  rest = rest:gsub("^[vV](%d)", "%1")
  local core, suffix = rest:match("^(%d[^%-~]*)[%-~](.+)$")
  core = core or rest
  if not core:find("^%d") then return nil end
  out.core, out.parts, out.suffix = core, read_parts(core), suffix
  out.earlier = suffix ~= nil and earlier[(suffix:match("^%a+") or ""):lower()] == true
  return out
end

local function compare_texts(a, b)
  if a == b then return 0 end
  local m, n = a:match("^%a*"), b:match("^%a*")
  local x, y = tonumber(a:match("^%a*%.?(%d+)")), tonumber(b:match("^%a*%.?(%d+)"))
  if m == n and x and y and x ~= y then return x < y and -1 or 1 end
  return a < b and -1 or 1
end

local zero = { number = 0, rest = "" }

--- -1, 0 or 1: is `a` older than, the same as, or newer than `b`? nil when one is no version. Missing parts are 0
-- (1.2 = 1.2.0), `x` is newer than every number, "-rc1" and the like are older than the version itself.
function version.compare(a, b)
  local x, y = version.parse(a), version.parse(b)
  if not x or not y then return nil end
  for i = 1, math.max(#x.parts, #y.parts) do
    local p, q = x.parts[i] or zero, y.parts[i] or zero
    if p.number ~= q.number then return p.number < q.number and -1 or 1 end
    if p.rest ~= q.rest then return compare_texts(p.rest, q.rest) end
  end
  if x.earlier ~= y.earlier then return x.earlier and -1 or 1 end
  return compare_texts(x.suffix or "", y.suffix or "")
end

--- Is `a` older than `b`? nil when one is no version.
function version.older(a, b)
  local order = version.compare(a, b)
  return order and order < 0
end

--- Is `a` the same as `b` or newer? nil when one is no version.
function version.at_least(a, b)
  local order = version.compare(a, b)
  return order and order >= 0
end

--- The first `count` (default 1) numbers: `version.major("8.0.35", 2)` is "8.0"; nil when it is no version.
function version.major(text, count)
  local v = version.parse(text)
  if not v then return nil end
  local out = {}
  for _, piece in ipairs(v.core:split(".")) do
    if #out < (count or 1) then out[#out + 1] = piece end
  end
  return table.concat(out, ".")
end

local function next_of(core, at)
  local parts = core:split(".")
  local out = {}
  for i = 1, at do out[i] = parts[i] or "0" end
  out[at] = tostring((tonumber(out[at]:match("^%d+")) or 0) + 1)
  return table.concat(out, ".")
end

local function holds(order, operator)
  if operator == "<" then return order < 0 end
  if operator == "<=" then return order <= 0 end
  if operator == ">" then return order > 0 end
  if operator == ">=" then return order >= 0 end
  if operator == "!=" then return order ~= 0 end
  return order == 0
end

local function meets_one(text, term)
  local operator, bound = term:match("^([<>=!~^]*)%s*(.+)$")
  local v = version.parse(bound)
  if not v then error("version.satisfies: '" .. term .. "' is no range", 3) end
  if operator == "^" or operator == "~" then
    local at = operator == "^" and 1 or math.min(2, #v.parts)
    while operator == "^" and at < #v.parts and v.parts[at].number == 0 do at = at + 1 end
    return version.compare(text, bound) >= 0 and version.compare(text, next_of(v.core, at)) < 0
  end
  local wild = bound:match("^(.-)%.[xX*]$")
  if wild and (operator == "" or operator == "=" or operator == "==") then
    return version.compare(text, wild) >= 0 and version.compare(text, next_of(wild, #wild:split("."))) < 0
  end
  return holds(version.compare(text, bound), operator)
end

--- Does a version lie in a range: terms with `<` `<=` `>` `>=` `=` `!=` `^` `~` or `1.2.x`, all of which must hold when they
-- are separated by commas or blanks, one of the groups separated by `||`? nil when it is no version; raises for what is no range.
function version.satisfies(text, range)
  if not version.parse(text) then return nil end
  for _, group in ipairs(range:gsub("||", "|"):split("|")) do
    local all, any = true, false
    for term in group:gsub("([<>=!~^])%s+", "%1"):gmatch("[^%s,]+") do
      any = true
      all = all and meets_one(text, term)
    end
    if any and all then return true end
  end
  return false
end

return version
