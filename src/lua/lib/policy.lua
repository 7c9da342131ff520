--- IAM policy documents: statements, wildcards as IAM matches them, principals, conditions.
-- Every function accepts what AWS gives: a string where a list is meant, one statement where a list
-- is meant, proxies or plain tables. Nothing here fetches anything; what is unknown raises when read.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
local policy = {}

--- A string or a list as a plain list of strings; nil gives an empty list.
function policy.list(value)
  local out = {}
  if value == nil then return out end
  if type(value) ~= "table" then return { tostring(value) } end
  for i = 1, #value do out[i] = tostring(value[i]) end
  return out
end

--- Does `text` match an IAM wildcard pattern (`*` any run, `?` one character)?
-- Without regard to case unless `exact` is true: actions fold case, ARNs do not.
function policy.like(pattern, text, exact)
  if not exact then pattern, text = pattern:lower(), text:lower() end
  local p, t, star, mark = 1, 1, nil, nil
  local plen, tlen = #pattern, #text
  while t <= tlen do
    local c = pattern:byte(p)
    if c == 42 then -- '*'
      star, mark = p, t
      p = p + 1
    elseif c and (c == 63 or c == text:byte(t)) then -- '?'
      p, t = p + 1, t + 1
    elseif star then
      p, mark = star + 1, mark + 1
      t = mark
    else
      return false
    end
  end
  while pattern:byte(p) == 42 do p = p + 1 end
  return p > plen
end

--- Is every text that `inner` (itself a pattern) can match also matched by `outer`?
-- Sound for what policies use: a `*` of `inner` counts as a letter that only a `*` of `outer` matches.
function policy.covers(outer, inner, exact)
  return policy.like(outer, inner, exact)
end

--- Does any pattern of a list match?
function policy.any_like(patterns, text, exact)
  for _, pattern in ipairs(patterns) do
    if policy.like(pattern, text, exact) then return true end
  end
  return false
end

local function conditions_of(raw)
  local out = {}
  if raw == nil then return out end
  for operator, keys in pairs(raw) do
    for key, values in pairs(keys) do
      out[#out + 1] = { operator = operator, key = key:lower(), values = policy.list(values) }
    end
  end
  return out
end

local function principals_of(raw)
  if raw == nil then return nil end
  if type(raw) ~= "table" then return { AWS = { tostring(raw) } } end
  local out = {}
  for kind, names in pairs(raw) do out[kind] = policy.list(names) end
  return out
end

--- The statements of a document, in order, each as
-- `{ sid, effect = "Allow"|"Deny", actions, not_actions, resources, not_resources, principals,
--    not_principals, conditions = {{operator, key, values}}, index }`.
-- Absent lists are nil; condition keys are lower case. nil gives no statements.
function policy.statements(document)
  local out = {}
  if document == nil then return out end
  if type(document) ~= "table" then
    error("policy: a document is a table, not a " .. type(document) .. "; an unread policy is not an empty one", 2)
  end
  local raw = document.Statement
  if raw == nil then return out end
  if raw.Effect ~= nil then raw = { raw } end
  for i = 1, #raw do
    local s = raw[i]
    out[i] = {
      index = i, sid = s.Sid, effect = s.Effect,
      actions = s.Action ~= nil and policy.list(s.Action) or nil,
      not_actions = s.NotAction ~= nil and policy.list(s.NotAction) or nil,
      resources = s.Resource ~= nil and policy.list(s.Resource) or nil,
      not_resources = s.NotResource ~= nil and policy.list(s.NotResource) or nil,
      principals = principals_of(s.Principal),
      not_principals = principals_of(s.NotPrincipal),
      conditions = conditions_of(s.Condition),
    }
  end
  return out
end

--- The document of a managed policy that is in force: its default version's. nil when there is none.
function policy.in_force(managed)
  for _, version in ipairs(managed.PolicyVersionList or {}) do
    if version.IsDefaultVersion then return version.Document end
  end
  return nil
end

--- How a message names a statement: its Sid, else its number.
function policy.name(statement)
  if statement.sid and statement.sid ~= "" then return "statement '" .. statement.sid .. "'" end
  return "statement " .. tostring(statement.index)
end

--- Does the statement speak of this action (Action and NotAction)?
function policy.has_action(statement, action)
  if statement.actions then return policy.any_like(statement.actions, action) end
  if statement.not_actions then return not policy.any_like(statement.not_actions, action) end
  return false
end

--- Does it speak of every action? `*`, `*:*`, or a NotAction (which leaves all but a few).
function policy.all_actions(statement)
  for _, action in ipairs(statement.actions or {}) do
    if action == "*" or action == "*:*" then return true end
  end
  return false
end

--- Does it speak of every resource (`*`, or an ARN made of nothing but wildcards)?
function policy.all_resources(statement)
  for _, resource in ipairs(statement.resources or {}) do
    if resource == "*" or resource == "arn:*" or resource:find("^arn:[^:]*:%*") then return true end
  end
  return false
end

--- Is anybody meant: Principal `*` or AWS `*`, or an Allow with NotPrincipal?
function policy.anybody(statement)
  if statement.not_principals then return statement.effect == "Allow" end
  for _, name in ipairs((statement.principals or {}).AWS or {}) do
    if name == "*" then return true end
  end
  return false
end

--- The condition with this key (lower case, or a pattern), or nil.
function policy.condition(statement, key)
  for _, c in ipairs(statement.conditions) do
    if policy.like(key, c.key) then return c end
  end
  return nil
end

-- An operator that lets a request without the key through restricts nothing, and a negated one lets almost all through.
local function restricts(c)
  local operator = c.operator:lower()
  if operator:find("ifexists$") or operator:find("^null") or operator:find("not") then return false end
  if operator:find("^forallvalues:") then return false end
  for _, value in ipairs(c.values) do
    if value == "*" or value == "" or value == "0.0.0.0/0" or value == "::/0" then return false end
  end
  return #c.values > 0
end

--- Is the statement held by a condition on one of these keys (lower-case patterns)?
-- A condition with an `…IfExists`, negated or `*` form does not count: it lets others through.
function policy.restricted_by(statement, keys)
  for _, c in ipairs(statement.conditions) do
    for _, key in ipairs(keys) do
      if policy.like(key, c.key) and restricts(c) then return true end
    end
  end
  return false
end

--- Keys that tie a caller to known accounts or networks, as "is this public" counts them.
policy.owner_keys = {
  "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn",
  "aws:sourceaccount", "aws:sourceowner", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths",
  "aws:sourcevpc", "aws:sourcevpce", "aws:sourceip", "aws:userid", "kms:calleraccount",
}

--- Allows that anybody may use: `*` without a condition on a key of `keys` (default `owner_keys`).
-- Returns a list of statements.
function policy.public_statements(document, keys)
  local out = {}
  for _, s in ipairs(policy.statements(document)) do
    if s.effect == "Allow" and policy.anybody(s) and not policy.restricted_by(s, keys or policy.owner_keys) then
      out[#out + 1] = s
    end
  end
  return out
end

--- The account of a principal: a 12-digit id or an ARN; nil for `*`, services and canonical ids.
function policy.account_of(principal)
  if principal:find("^%d%d%d%d%d%d%d%d%d%d%d%d$") then return principal end
  return principal:match("^arn:[^:]*:[^:]*:[^:]*:(%d%d%d%d%d%d%d%d%d%d%d%d):")
end

--- Accounts other than `own` that a statement names as AWS principals, sorted, each once.
function policy.foreign_accounts(statement, own)
  local seen, out = {}, {}
  for _, name in ipairs((statement.principals or {}).AWS or {}) do
    local account = policy.account_of(name)
    if account and account ~= own and not seen[account] then
      seen[account] = true
      out[#out + 1] = account
    end
  end
  table.sort(out)
  return out
end

--- Is there an Allow of everything: Effect Allow, Action `*`, Resource `*`, no Condition? Returns the statement.
function policy.full_admin(document)
  for _, s in ipairs(policy.statements(document)) do
    if s.effect == "Allow" and policy.all_actions(s) and policy.all_resources(s) and #s.conditions == 0 then
      return s
    end
  end
  return nil
end

--- Is `action` allowed on every resource by some Allow and denied by no unconditional Deny of all resources?
-- Returns the allowing statement.
function policy.allows_everywhere(document, action)
  local found
  for _, s in ipairs(policy.statements(document)) do
    if policy.has_action(s, action) then
      local everywhere = policy.all_resources(s) or s.not_resources ~= nil
      if s.effect == "Deny" and everywhere and #s.conditions == 0 then return nil end
      if s.effect == "Allow" and everywhere and not found then found = s end
    end
  end
  return found
end

return policy
