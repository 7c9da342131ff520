--- Tags: required keys, spellings, expressions, allowed values.
local tags = {}

-- `r.tags` of a resource has methods, which win over tags of the same name.
local function value_of(t, key)
  if t == nil then return nil end
  if type(t.get) == "function" then return t:get(key) end
  return t[key]
end

--- A list of AWS's (`Key`/`Value`, `key`/`value`, `TagKey`/`TagValue`) as a table by key. A table by key stays as it is.
function tags.from_list(list)
  local out = {}
  for _, entry in ipairs(list or {}) do
    local key = entry.Key or entry.key or entry.TagKey
    if key ~= nil then out[key] = entry.Value or entry.value or entry.TagValue or "" end
  end
  return out
end

--- The value of a tag; with `any_case`, of the first key (by order) that is the same without regard to case.
function tags.get(t, key, any_case)
  local value = value_of(t, key)
  if value ~= nil or not any_case or t == nil then return value end
  for other, found in pairs(t) do
    if other:lower() == key:lower() then return found end
  end
  return nil
end

--- Those of the required keys that are missing or have an empty value, in the order given.
function tags.missing(t, required, any_case)
  local out = {}
  for _, key in ipairs(required) do
    local value = tags.get(t, key, any_case)
    if value == nil or value:trim() == "" then out[#out + 1] = key end
  end
  return out
end

local function bare(key)
  return (key:lower():gsub("[-_%s.:]", ""))
end

--- Keys that mean the same as `key` but are spelt otherwise ("cost-center" for "CostCenter"), sorted.
function tags.variants(t, key)
  local out = {}
  for other in pairs(t or {}) do
    if other ~= key and bare(other) == bare(key) then out[#out + 1] = other end
  end
  table.sort(out)
  return out
end

local function one(t, expression)
  local negated, rest = expression:match("^(!?)%s*(.-)%s*$")
  local key, operator, wanted = rest:match("^(.-)%s*([!=~]?[=~])%s*(.*)$")
  local holds
  if not key or key == "" then
    holds = value_of(t, rest) ~= nil
  else
    local value = value_of(t, key)
    local exact = operator == "=" or operator == "==" or operator == "!="
    holds = false
    for _, choice in ipairs(wanted:split("|")) do
      if value ~= nil then
        holds = holds or (exact and value == choice) or (not exact and native.match(choice, value, false, false))
      end
    end
    if operator:sub(1, 1) == "!" then holds = not holds end
  end
  if negated == "!" then return not holds end
  return holds
end

--- Does an expression hold: `Key`, `!Key`, `Key=Value`, `Key=a|b`, `Key!=Value`, `Key~pattern` with `*` and `?`, `Key!~pattern`?
-- Several separated by `,` must all hold. An empty expression does not hold: nothing is exempt by default.
function tags.matches(t, expression)
  if expression == nil or expression:trim() == "" then return false end
  for _, part in ipairs(expression:split(",")) do
    if not one(t, part:trim()) then return false end
  end
  return true
end

--- Does the tag have one of the allowed values (patterns with `*` and `?`)? false when the tag is missing.
function tags.allowed(t, key, values, any_case)
  local value = value_of(t, key)
  if value == nil then return false end
  for _, pattern in ipairs(values) do
    if native.match(pattern, value, any_case == true, false) then return true end
  end
  return false
end

return tags
