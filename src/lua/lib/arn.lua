--- Amazon Resource Names: their parts, the resource's type and id, patterns.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
local names = {}

local split = arn -- the global function

-- Services whose resource has no type in front.
local function plain_type(service, resource)
  if service == "s3" then return resource:find("/", 1, true) and "object" or "bucket" end
  if service == "sns" then return resource:find(":", 1, true) and "subscription" or "topic" end
  if service == "sqs" then return "queue" end
  return nil
end

--- The parts of an ARN: `{ partition, service, region, account, resource, type, id }`, or nil when it is none. `type` and
-- `id` are what stands before and behind the first `/` or `:` of the resource; `id` is all of it when it has no type.
function names.parse(text)
  if type(text) ~= "string" then return nil end
  local parts = split(text)
  if not parts then return nil end
  local resource = parts.resource:gsub("^/", "")
  local plain = plain_type(parts.service, resource)
  if plain and not (parts.service == "s3" and parts.account ~= "") then
    parts.type, parts.id = plain, resource
    return parts
  end
  local kind, id = resource:match("^([^/:]+)[/:](.*)$")
  parts.type, parts.id = kind, id or resource
  return parts
end

--- The ARN of parts: `partition` is "aws" when left out, `region` and `account` are empty; the resource is `resource`, or
-- `type` and `id` with `separator` (default "/") between them. Raises when service or resource are missing.
function names.build(parts)
  local resource = parts.resource
  if not resource and parts.id then
    resource = parts.type and parts.type .. (parts.separator or "/") .. parts.id or parts.id
  end
  if not parts.service or not resource then error("arn.build: service and resource are needed", 2) end
  return table.concat({ "arn", parts.partition or "aws", parts.service, parts.region or "", parts.account or "", resource }, ":")
end

--- Does an ARN match a pattern, part by part, as ArnLike compares? `*` alone matches every ARN. false for what is no ARN.
function names.match(pattern, text)
  local v = names.parse(text)
  if not v then return false end
  if pattern == "*" then return true end
  local p = split(pattern)
  if not p then return false end
  for _, part in ipairs { "partition", "service", "region", "account", "resource" } do
    if not native.match(p[part], v[part], false, false) then return false end
  end
  return true
end

--- The account of an ARN; nil when it has none.
function names.account(text)
  local parts = names.parse(text)
  return parts and parts.account ~= "" and parts.account or nil
end

--- The region of an ARN; nil when it has none.
function names.region(text)
  local parts = names.parse(text)
  return parts and parts.region ~= "" and parts.region or nil
end

--- The partition that a region lies in, by its name: "aws", "aws-cn", "aws-us-gov", "aws-iso", …
function names.partition_of(region)
  local iso = region:match("^%a+%-iso(%a?)%-")
  if iso then return iso == "" and "aws-iso" or "aws-iso-" .. iso end
  if region:find("^cn%-") then return "aws-cn" end
  if region:find("^us%-gov%-") then return "aws-us-gov" end
  if region:find("^eusc%-") then return "aws-eusc" end
  return "aws"
end

return names
