--- The grammar of IAM policy documents: reading, wildcards, principals. A part of `policy`; require that.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
local document = {}

--- A string or a list as a plain list of strings; nil gives an empty list.
function document.list(value)
  local out = {}
  if value == nil then return out end
  if type(value) ~= "table" then return { tostring(value) } end
  for i = 1, #value do out[i] = tostring(value[i]) end
  return out
end

--- Does `text` match an IAM wildcard pattern (`*` any run, `?` one character)?
-- Without regard to case unless `exact` is true: actions fold case, ARNs do not. `${*}`, `${?}` and `${$}` are those
-- characters; any other `${variable}` stands for any text, because its value is not known here.
function document.like(pattern, text, exact)
  return native.match(pattern, text, not exact, true)
end

--- Is every text that `inner` (itself a pattern) can match also matched by `outer`?
-- A variable of `inner` is covered by a wildcard or by the same variable.
function document.covers(outer, inner, exact)
  return native.covers(outer, inner, not exact, true)
end

--- Is there a text that both patterns match?
function document.meets(a, b, exact)
  return native.meets(a, b, not exact, true)
end

--- Does any pattern of a list match?
function document.any_like(patterns, text, exact)
  for _, pattern in ipairs(patterns) do
    if document.like(pattern, text, exact) then return true end
  end
  return false
end

-- ---- reading ----

local function malformed(format, ...)
  error("policy: " .. format:format(...), 0)
end

local function decode(text)
  local trimmed = text:trim()
  if trimmed == "" then malformed("the document is an empty text") end
  if trimmed:sub(1, 1) == "%" then trimmed = native.percent(trimmed) or trimmed end
  -- API Gateway gives the text with its quotes escaped.
  if trimmed:find('^{%s*\\"') then trimmed = '"' .. trimmed .. '"' end
  local value, why = native.json(trimmed)
  if type(value) == "string" then value, why = native.json(value) end
  if value == nil then malformed("the document cannot be read: %s", why or "it is null") end
  return value
end

--- The document as a table. Accepts a table or a part of a resource, JSON text, and URL-encoded JSON text; nil stays nil.
-- What is no policy document raises an error that says where: an unreadable policy is never an empty one.
function document.parse(value)
  if value == nil then return nil end
  if type(value) == "string" then value = decode(value) end
  if type(value) ~= "table" then malformed("a document is a table or text, not a %s", type(value)) end
  if value.Statement == nil then malformed("the document has no Statement") end
  if type(value.Statement) ~= "table" then malformed("Statement is a %s", type(value.Statement)) end
  return value
end

local function strings(value, what, index)
  if value == nil then return nil end
  local out = document.list(value)
  if type(value) == "table" and #value == 0 and next(value) ~= nil then
    malformed("statement %d: %s is neither a text nor a list of texts", index, what)
  end
  for i = 1, #out do
    local item = value
    if type(value) == "table" then item = value[i] end
    if type(item) == "table" then malformed("statement %d: %s holds a table", index, what) end
  end
  return out
end

local function principals_of(raw, what, index)
  if raw == nil then return nil end
  if type(raw) ~= "table" then return { AWS = { tostring(raw) } } end
  if #raw > 0 then return { AWS = strings(raw, what, index) } end
  local out = {}
  for kind, names in pairs(raw) do out[kind] = strings(names, what .. "." .. tostring(kind), index) end
  return out
end

local operator_kinds = {
  stringequals = "string", stringnotequals = "string", stringequalsignorecase = "fold", stringnotequalsignorecase = "fold",
  stringlike = "like", stringnotlike = "like", arnequals = "arn", arnnotequals = "arn", arnlike = "arn", arnnotlike = "arn",
  numericequals = "number", numericnotequals = "number", numericlessthan = "number", numericlessthanequals = "number",
  numericgreaterthan = "number", numericgreaterthanequals = "number", dateequals = "date", datenotequals = "date",
  datelessthan = "date", datelessthanequals = "date", dategreaterthan = "date", dategreaterthanequals = "date",
  bool = "bool", null = "null", ipaddress = "ip", notipaddress = "ip", binaryequals = "binary",
}

-- What an operator's name says: `base` in lower case, `kind` of comparison (nil when there is no such operator).
local function read_operator(name, out)
  local base = name:lower()
  local set, rest = base:match("^for(%a-)values?:(.+)$")
  if set == "all" or set == "any" then out.set, base = set, rest end
  local plain = base:match("^(.+)ifexists$")
  if plain and plain ~= "null" then out.if_exists, base = true, plain end
  out.base, out.kind, out.negated = base, operator_kinds[base], base:find("not", 1, true) ~= nil
  return out
end

local function conditions_of(raw, index)
  local out = {}
  if raw == nil then return out end
  if type(raw) ~= "table" then malformed("statement %d: Condition is a %s", index, type(raw)) end
  for operator, keys in pairs(raw) do
    if type(keys) ~= "table" then malformed("statement %d: Condition.%s is a %s", index, tostring(operator), type(keys)) end
    for key, values in pairs(keys) do
      out[#out + 1] = read_operator(operator, {
        operator = operator, key = key:lower(), values = strings(values, "Condition." .. operator .. "." .. key, index),
      })
    end
  end
  return out
end

local function either(s, index, name, needed)
  if s[name] ~= nil and s["Not" .. name] ~= nil then malformed("statement %d has both %s and Not%s", index, name, name) end
  if needed and s[name] == nil and s["Not" .. name] == nil then malformed("statement %d has no %s", index, name) end
end

--- The statements of a document, in order, each as
-- `{ sid, effect = "Allow"|"Deny", actions, not_actions, resources, not_resources, principals,
--    not_principals, conditions = {{operator, key, values, …}}, index, variables }`.
-- Absent lists are nil; condition keys are lower case; `variables` tells whether `${…}` has its meaning
-- (Version 2012-10-17). nil gives no statements; a malformed document raises.
function document.statements(value)
  if type(value) == "table" and value.Statement == nil and value.parsed_statements then return value end
  local out = {}
  local doc = document.parse(value)
  if doc == nil then return out end
  local raw, variables = doc.Statement, doc.Version == "2012-10-17"
  if #raw == 0 and next(raw) ~= nil then raw = { raw } end
  for i = 1, #raw do
    local s = raw[i]
    if type(s) ~= "table" then malformed("statement %d is a %s", i, type(s)) end
    if s.Effect ~= "Allow" and s.Effect ~= "Deny" then
      malformed("statement %d: Effect is %s; it is Allow or Deny", i, tostring(s.Effect))
    end
    either(s, i, "Action", true)
    either(s, i, "Resource")
    either(s, i, "Principal")
    out[i] = {
      index = i, sid = s.Sid, effect = s.Effect, variables = variables,
      actions = strings(s.Action, "Action", i), not_actions = strings(s.NotAction, "NotAction", i),
      resources = strings(s.Resource, "Resource", i), not_resources = strings(s.NotResource, "NotResource", i),
      principals = principals_of(s.Principal, "Principal", i),
      not_principals = principals_of(s.NotPrincipal, "NotPrincipal", i),
      conditions = conditions_of(s.Condition, i),
    }
  end
  out.parsed_statements = true
  return out
end

--- The statements of one document or of a list of documents.
function document.all_statements(documents)
  if type(documents) ~= "table" or documents.Statement ~= nil or documents.parsed_statements then
    return document.statements(documents)
  end
  if #documents == 0 and next(documents) ~= nil then return document.statements(documents) end
  local out = { parsed_statements = true }
  for i = 1, #documents do
    for _, s in ipairs(document.statements(documents[i])) do out[#out + 1] = s end
  end
  return out
end

--- The document of a managed policy that is in force: its default version's. nil when there is none.
function document.in_force(managed)
  for _, version in ipairs(managed.PolicyVersionList or {}) do
    if version.IsDefaultVersion then return version.Document end
  end
  return nil
end

--- How a message names a statement: its Sid, else its number.
function document.name(statement)
  if statement.sid and statement.sid ~= "" then return "statement '" .. statement.sid .. "'" end
  return "statement " .. tostring(statement.index)
end

-- ---- what a statement speaks of ----

--- Does the statement speak of this action (Action and NotAction)?
function document.has_action(statement, action)
  if statement.actions then return document.any_like(statement.actions, action) end
  if statement.not_actions then return not document.any_like(statement.not_actions, action) end
  return false
end

--- Does it speak of every action: an Action that covers all of them? A NotAction never does.
function document.all_actions(statement)
  for _, action in ipairs(statement.actions or {}) do
    if document.covers(action, "*:*") then return true end
  end
  return false
end

local every_arn = { "arn:aws:*:*:*:*", "arn:aws-cn:*:*:*:*", "arn:aws-us-gov:*:*:*:*" }

--- Does it speak of every resource (`*`, or an ARN made of nothing but wildcards)?
function document.all_resources(statement)
  for _, resource in ipairs(statement.resources or {}) do
    for _, arns in ipairs(every_arn) do
      if document.covers(resource, arns, true) then return true end
    end
  end
  return false
end

-- `*`, or an ARN whose account is a wildcard: IAM takes no such ARN, but not every service's policy goes through IAM.
local function is_anybody(name)
  if name == "*" then return true end
  local account = name:match("^arn:[^:]*:[^:]*:[^:]*:([^:]*)")
  return account ~= nil and account:find("[*?]") ~= nil
end

--- Does a list of principals (`statement.principals`) name everybody: `*` under any kind, or an ARN of every account?
function document.names_anybody(principals)
  for _, names in pairs(principals or {}) do
    for _, name in ipairs(names) do
      if is_anybody(name) then return true end
    end
  end
  return false
end

--- Is anybody meant: Principal `*` or AWS `*`, or an Allow with NotPrincipal?
function document.anybody(statement)
  if statement.not_principals then return statement.effect == "Allow" end
  return document.names_anybody(statement.principals)
end

--- The condition with this key (lower case, or a pattern), or nil.
function document.condition(statement, key)
  for _, c in ipairs(statement.conditions) do
    if document.like(key, c.key) then return c end
  end
  return nil
end

--- The account of a principal: a 12-digit id or an ARN; nil for `*`, services and canonical ids.
function document.account_of(principal)
  if principal:find("^%d%d%d%d%d%d%d%d%d%d%d%d$") then return principal end
  return principal:match("^arn:[^:]*:[^:]*:[^:]*:(%d%d%d%d%d%d%d%d%d%d%d%d):")
end

--- Accounts other than `own` that a statement names as AWS principals, sorted, each once.
function document.foreign_accounts(statement, own)
  local seen, out = {}, {}
  for _, name in ipairs((statement.principals or {}).AWS or {}) do
    local account = document.account_of(name)
    if account and account ~= own and not seen[account] then
      seen[account] = true
      out[#out + 1] = account
    end
  end
  table.sort(out)
  return out
end

return document
