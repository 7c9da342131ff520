--- Conditions of IAM policies: what they decide for a request, and whether they confine who can call. A part of
-- `policy`; require that. Verdicts are numbers here: 0 no, 1 cannot be told, 2 yes; "and" is the smallest, "or" the
-- largest, "not" is 2 - x.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
local document = require("policy_document")
local net = require("net")
local time = require("time")

local condition = { NO = 0, MAYBE = 1, YES = 2 }
local NO, MAYBE, YES = 0, 1, 2

-- ---- the request ----

local function principal_keys(keys, principal)
  local account = document.account_of(principal)
  if account and not keys["aws:principalaccount"] then keys["aws:principalaccount"] = { account } end
  local arn = principal
  local partition, session_account, role = principal:match("^arn:([^:]*):sts::(%d+):assumed%-role/([^/]+)/")
  if role then arn = ("arn:%s:iam::%s:role/%s"):format(partition, session_account, role) end
  if arn:find("^arn:") and not keys["aws:principalarn"] then keys["aws:principalarn"] = { arn } end
  local user = principal:match("^arn:[^:]*:iam::%d+:user/.-([^/]+)$")
  if user and not keys["aws:username"] then keys["aws:username"] = { user } end
end

--- A context as statements are judged in: `{ keys = { [lower-case key] = { values } }, principal, complete }`.
-- `principal` gives aws:PrincipalArn, aws:PrincipalAccount and aws:username when they are not set themselves.
function condition.request(context, complete)
  local keys, principal = {}, nil
  for key, value in pairs(context or {}) do
    if key == "principal" then
      principal = tostring(value)
    else
      keys[key:lower()] = document.list(value)
    end
  end
  if principal then principal_keys(keys, principal) end
  return { keys = keys, principal = principal, complete = complete == true }
end

local escapes = { ["*"] = "${*}", ["?"] = "${?}", ["$"] = "${$}" }

--- A pattern of a policy with its variables filled in from a request. Second result: MAYBE when one is not known (it
-- stands as `*` then), NO when one is known to be absent, else YES.
function condition.expand(pattern, request, variables)
  if not pattern:find("$", 1, true) then return pattern, YES end
  if not variables then return (pattern:gsub("%$", escapes)), YES end
  local certainty = YES
  local text = pattern:gsub("%${([^}]*)}", function(inner)
    if escapes[inner] then return nil end
    local name, default = inner:match("^%s*([^,]-)%s*,%s*'(.*)'%s*$")
    local values = request.keys[(name or inner):trim():lower()]
    local value = values and values[1]
    if value == nil and (request.complete or values) then
      if default == nil then certainty = NO end
      value = default or ""
    end
    if value == nil then
      certainty = math.min(certainty, MAYBE)
      return "*"
    end
    return (value:gsub("[*?$]", escapes))
  end)
  return text, certainty
end

-- ---- comparing one value with one of the policy ----

local function arn_parts(text)
  local parts = text:split(":")
  for i = 7, #parts do
    parts[6] = parts[6] .. ":" .. parts[i]
    parts[i] = nil
  end
  return parts
end

local function arn_like(pattern, value)
  if pattern:find("^%*+$") then return true end
  local p, v = arn_parts(pattern), arn_parts(value)
  if #p ~= 6 or #v ~= 6 then return false end
  for i = 1, 6 do
    if not document.like(p[i], v[i], true) then return false end
  end
  return true
end

local function ordered(base, a, b)
  if a == nil or b == nil then return false end
  if base:find("lessthanequals$") then return a <= b end
  if base:find("lessthan$") then return a < b end
  if base:find("greaterthanequals$") then return a >= b end
  if base:find("greaterthan$") then return a > b end
  return a == b
end

local function instant(text)
  return time.parse(text) or tonumber(text)
end

-- Wildcards mean nothing to most operators. A variable that is not known stands as a `*` of its own then.
local function equals(wanted, value, fold, certain)
  if certain then
    wanted = wanted:gsub("%${([*?$])}", "%1")
    return wanted == value or (fold and wanted:lower() == value:lower())
  end
  return document.like(wanted, value, not fold)
end

local compare = {
  string = function(_, wanted, value, certain) return equals(wanted, value, false, certain) end,
  binary = function(_, wanted, value, certain) return equals(wanted, value, false, certain) end,
  fold = function(_, wanted, value, certain) return equals(wanted, value, true, certain) end,
  bool = function(_, wanted, value, certain) return equals(wanted, value, true, certain) end,
  like = function(_, wanted, value) return document.like(wanted, value, true) end,
  arn = function(_, wanted, value) return arn_like(wanted, value) end,
  number = function(base, wanted, value) return ordered(base, tonumber(value), tonumber(wanted)) end,
  date = function(base, wanted, value) return ordered(base, instant(value), instant(wanted)) end,
  ip = function(_, wanted, value) return net.contains(wanted, value) == true end,
}

-- Does one value of the request match one of the policy's, before negation?
local function match_one(c, value, request, variables)
  local best = NO
  for _, raw in ipairs(c.values) do
    local wanted, certainty = condition.expand(raw, request, variables)
    if certainty ~= NO and compare[c.kind](c.base, wanted, value, certainty == YES) then best = math.max(best, certainty) end
  end
  return best
end

local function absent(c)
  if c.if_exists or c.set == "all" then return YES end
  if c.set == "any" then return NO end
  return c.negated and YES or NO
end

--- What one condition decides for a request.
function condition.decide(c, request, variables)
  local values = request.keys[c.key]
  if values == nil and not request.complete then return MAYBE end
  local present = values ~= nil and #values > 0
  if c.kind == "null" then
    for _, wanted in ipairs(c.values) do
      if (wanted:lower() == "true") ~= present then return YES end
    end
    return NO
  end
  if not present then return absent(c) end
  if not c.kind then return MAYBE end -- an operator that does not exist: nothing can be said
  local all, any = YES, NO
  for _, value in ipairs(values) do
    local matched = match_one(c, value, request, variables)
    if c.negated and c.set then matched = YES - matched end
    all, any = math.min(all, matched), math.max(any, matched)
  end
  if c.set == "all" then return all end
  if c.negated and not c.set then return YES - any end
  return any
end

--- What all conditions of a statement decide together.
function condition.decide_all(statement, request)
  local verdict = YES
  for _, c in ipairs(statement.conditions) do
    verdict = math.min(verdict, condition.decide(c, request, statement.variables))
  end
  return verdict
end

-- ---- does a condition confine who can call? ----

local account_keys = {
  ["aws:principalaccount"] = true, ["aws:sourceaccount"] = true, ["aws:sourceowner"] = true, ["kms:calleraccount"] = true,
  ["s3:dataaccesspointaccount"] = true, ["aws:vpceaccount"] = true,
}
local org_keys = { ["aws:principalorgid"] = true, ["aws:sourceorgid"] = true, ["aws:vpceorgid"] = true }
local path_keys = { ["aws:principalorgpaths"] = true, ["aws:sourceorgpaths"] = true, ["aws:vpceorgpaths"] = true }
local arn_keys = {
  ["aws:principalarn"] = true, ["aws:sourcearn"] = true, ["s3:dataaccesspointarn"] = true, ["aws:sourcevpcarn"] = true,
  ["lambda:sourcefunctionarn"] = true, ["ec2:sourceinstancearn"] = true, ["aws:sourceinstancearn"] = true,
}
local network_keys = { ["aws:sourcevpc"] = true, ["aws:sourcevpce"] = true, ["aws:ec2instancesourcevpc"] = true }
local service_keys = { ["aws:principalservicename"] = true, ["aws:principalservicenameslist"] = true }

--- Keys that can confine a caller (as a list). aws:VpcSourceIp is not one: anybody's VPC may use the same addresses.
condition.confining_keys = { "aws:sourceip", "aws:userid", "elasticfilesystem:accessedviamounttarget" }
for _, set in ipairs { account_keys, org_keys, path_keys, arn_keys, network_keys, service_keys } do
  for key in pairs(set) do condition.confining_keys[#condition.confining_keys + 1] = key end
end
table.sort(condition.confining_keys)

local function fixed(value)
  return value ~= "" and not value:find("[*?]") and not value:find("${", 1, true)
end

-- The owner of the resource itself, whoever that is.
local own = { ["${aws:resourceaccount}"] = "own", ["${aws:resourceorgid}"] = "own", ["${aws:resourceorgpaths}"] = "own" }

local function each(values, read)
  local out = {}
  for _, value in ipairs(values) do
    local found = own[value:lower()] or read(value)
    if not found then return nil end
    out[#out + 1] = found
  end
  return #out > 0 and out or nil
end

local function fixed_value(value) return fixed(value) and value end

local function fixed_org(value)
  local org = value:match("^[^/]*")
  return fixed(org) and org
end

-- The account of an ARN pattern, "" when it has none but is fixed itself.
local function fixed_account(value)
  local account = value:match("^arn:[^:]*:[^:]*:[^:]*:([^:]*):")
  if account and account:find("^%d%d%d%d%d%d%d%d%d%d%d%d$") then return account end
  return fixed(value) and (account or "")
end

local function fixed_userid(value)
  if fixed(value) then return value end
  local id = value:match("^([^:]*):")
  return id and #id >= 16 and id:find("^A[%u%d]+$") and id
end

local function narrow_network(values)
  local blocks = net.merge(values)
  if not blocks or #blocks == 0 then return false end
  for _, block in ipairs(blocks) do
    local b = net.parse(block)
    if b.bits < (b.family == 4 and 8 or 32) and not net.is_private(block) then return false end
  end
  return true
end

local positive = { string = true, fold = true, like = true, arn = true }

-- What a condition would confine to, were its operator positive and its key there: nil when to nothing.
local function bounds(c)
  local key, values = c.key, c.values
  if key == "aws:sourceip" then
    return (c.kind == "ip" or c.kind == "string") and narrow_network(values) and { what = "addresses" } or nil
  end
  if key == "elasticfilesystem:accessedviamounttarget" then
    return c.kind == "bool" and #values == 1 and values[1]:lower() == "true" and { what = "network" } or nil
  end
  if not positive[c.kind] then return nil end
  local list
  if account_keys[key] then
    list = each(values, fixed_value)
    return list and { what = "account", accounts = list }
  elseif org_keys[key] or path_keys[key] then
    list = each(values, path_keys[key] and fixed_org or fixed_value)
    return list and { what = "organization", orgs = list }
  elseif arn_keys[key] then
    list = each(values, fixed_account)
    return list and { what = "account", accounts = list, arns = values }
  elseif network_keys[key] then
    return each(values, fixed_value) and { what = "network" } or nil
  elseif key == "aws:userid" then
    return each(values, fixed_userid) and { what = "identity" } or nil
  elseif service_keys[key] then
    return each(values, fixed_value) and { what = "service" } or nil
  end
  return nil
end

-- Must the key be there? An operator that lets a request without it through does not ask for it.
local function asks_for_key(c, statement)
  if not c.if_exists and c.set ~= "all" then return true end
  for _, other in ipairs(statement.conditions) do
    if other.kind == "null" and other.key == c.key and #other.values == 1 and other.values[1]:lower() == "false" then return true end
  end
  return false
end

--- What a condition of an Allow confines its callers to:
-- `{ what = "account"|"organization"|"network"|"addresses"|"identity"|"service", accounts, orgs, key }`, or nil.
function condition.confines(c, statement)
  if c.negated or not asks_for_key(c, statement) then return nil end
  local found = bounds(c)
  if found then found.key = c.key end
  return found
end

--- The same for a Deny: the callers that it spares because its condition is negated. nil when it proves nothing.
function condition.spares(c)
  if not c.negated or c.set == "any" then return nil end
  return bounds(c)
end

--- All that confines an Allow; empty when nothing does.
function condition.confinements(statement)
  local out = {}
  for _, c in ipairs(statement.conditions) do
    out[#out + 1] = condition.confines(c, statement)
  end
  return out
end

-- S3's own list is stricter: fixed values alone, except in the name of an access point.
local function s3_fixed(c)
  for _, value in ipairs(c.values) do
    local rest = c.key == "s3:dataaccesspointarn" and value:gsub(":accesspoint/.*$", "") or value
    if c.key ~= "aws:sourceip" and not fixed(rest) then return false end
  end
  return #c.values > 0
end

--- Does a condition count as "not public" in the words of S3 Block Public Access?
function condition.s3_trusted(c, statement)
  if c.key == "s3:x-amz-server-side-encryption-aws-kms-key-id" then
    return positive[c.kind] and not c.negated and asks_for_key(c, statement) and s3_fixed(c)
  end
  return condition.confines(c, statement) ~= nil and s3_fixed(c)
end

local known = {}
for _, key in ipairs(condition.confining_keys) do known[key] = true end

--- Is the statement held by a condition on one of these keys (lower-case patterns)?
-- A condition with an `…IfExists`, negated or `*` form does not count: it lets others through.
function condition.restricted_by(statement, keys)
  for _, c in ipairs(statement.conditions) do
    for _, key in ipairs(keys) do
      if document.like(key, c.key) then
        if known[c.key] then
          if condition.confines(c, statement) then return true end
        elseif c.kind and c.kind ~= "null" and not c.negated and asks_for_key(c, statement) and #c.values > 0 then
          local open = false
          for _, value in ipairs(c.values) do open = open or value == "" or value:find("^%*+$") ~= nil end
          if not open then return true end
        end
      end
    end
  end
  return false
end

return condition
