--- What policies allow: one request against documents, layers of policies together, administrators, ways to become one.
-- A part of `policy`; require that.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
local document = require("policy_document")
local condition = require("policy_condition")
local ways = require("policy_escalation")

local NO, MAYBE, YES = condition.NO, condition.MAYBE, condition.YES
local access = {}

-- Does a list of patterns hold all that the query means (itself a pattern, perhaps)? MAYBE when only a part of it.
local function held_by(patterns, query, exact, request, variables)
  local best = NO
  for _, raw in ipairs(patterns) do
    local pattern, certainty = raw, YES
    if exact then pattern, certainty = condition.expand(raw, request, variables) end
    if certainty ~= NO then
      if document.covers(pattern, query, exact) then
        best = math.max(best, certainty)
      elseif best == NO and document.meets(pattern, query, exact) then
        best = MAYBE
      end
    end
  end
  return best
end

local function speaks_of(list, not_list, query, exact, request, variables)
  if list then return held_by(list, query, exact, request, variables) end
  if not_list then return YES - held_by(not_list, query, exact, request, variables) end
  return exact and YES or NO -- without Resource: the resource that the policy is attached to
end

-- ---- principals ----

local function role_of_session(arn)
  return arn:match("^arn:[^:]*:sts::(%d+):assumed%-role/([^/]+)/")
end

-- Is the request's principal one of these? An account's principals are meant by the account.
local function is_one_of(principals, caller)
  if document.names_anybody(principals) then return true end
  local account = document.account_of(caller)
  local session_account, session_role = role_of_session(caller)
  for _, names in pairs(principals) do
    for _, name in ipairs(names) do
      if name == caller then return true end
      if account and (name == account or name:find("^arn:[^:]*:iam::" .. account .. ":root$")) then return true end
      if session_role then
        local a, role = name:match("^arn:[^:]*:iam::(%d+):role/(.+)$")
        if a == session_account and role and role:match("([^/]+)$") == session_role then return true end
      end
    end
  end
  return false
end

local function principal_matches(s, request)
  if not s.principals and not s.not_principals then return YES end -- an identity policy
  if not request.principal then
    if s.principals and document.names_anybody(s.principals) then return YES end
    return MAYBE
  end
  if s.principals then return is_one_of(s.principals, request.principal) and YES or NO end
  return is_one_of(s.not_principals, request.principal) and NO or YES
end

-- ---- allows ----

local function judge(statements, action, resource, request)
  local allow, deny, by, against = NO, NO, nil, nil
  for _, s in ipairs(statements) do
    local verdict = speaks_of(s.actions, s.not_actions, action, false, request, s.variables)
    if verdict ~= NO then
      verdict = math.min(verdict, speaks_of(s.resources, s.not_resources, resource, true, request, s.variables))
    end
    if verdict ~= NO then verdict = math.min(verdict, principal_matches(s, request), condition.decide_all(s, request)) end
    if s.effect == "Deny" and verdict > deny then deny, against = verdict, s end
    if s.effect == "Allow" and verdict > allow then allow, by = verdict, s end
  end
  if deny == YES then return "deny", against end
  if allow == NO then return "none" end
  if deny == MAYBE then return "conditional", against end
  return allow == YES and "allow" or "conditional", by
end

--- What one document, or a list of documents together, say to a request: "allow", "deny" (explicitly), "none" (nothing
-- allows it) or "conditional" (it depends on what is not known). Second result: the statement that decides.
-- `action` and `resource` may hold wildcards: then all of it is asked for. `resource` defaults to `*`.
-- `context`: condition keys with a value or a list of them, and `principal`, an ARN, an account or a service. A key that is
-- not in it is not known; with `complete`, it is known to be absent.
function access.allows(documents, action, resource, context, complete)
  return judge(document.all_statements(documents), action, resource or "*", condition.request(context, complete))
end

-- Levels of service control policies: each must allow. A list of documents is one level.
local function levels(value)
  if value == nil then return {} end
  if type(value) ~= "table" or value.Statement ~= nil or value.parsed_statements then return { value } end
  for i = 1, #value do
    local level = value[i]
    if type(level) == "table" and level.Statement == nil and not level.parsed_statements then return value end
  end
  return { value }
end

--- What layers of policies say together to a request. Members: `identity`, `resource`, `boundary`, `session`, `scp`, `rcp`
-- (documents or lists of documents; `scp` and `rcp` also lists of levels, each of which must allow), `action`, `on` (the
-- resource), `context`, `complete`, and `cross_account = true` when the resource belongs to another account: then both
-- identity and resource policy must allow. A layer that is nil does not limit.
-- Returns "allow", "deny", "none" or "conditional", and the layer that decides.
function access.effective(q)
  local request = condition.request(q.context, q.complete)
  local limits, certain = {}, true
  local function ask(documents)
    return judge(document.all_statements(documents), q.action, q.on or "*", request)
  end
  for _, layer in ipairs { "scp", "rcp" } do
    for _, level in ipairs(levels(q[layer])) do limits[#limits + 1] = { layer, ask(level) } end
  end
  for _, layer in ipairs { "boundary", "session" } do
    if q[layer] ~= nil then limits[#limits + 1] = { layer, ask(q[layer]) } end
  end
  local identity = q.identity ~= nil and ask(q.identity) or "none"
  local resource = q.resource ~= nil and ask(q.resource) or "none"
  for _, limit in ipairs(limits) do
    if limit[2] == "deny" then return "deny", limit[1] end
  end
  if identity == "deny" then return "deny", "identity" end
  if resource == "deny" then return "deny", "resource" end
  local function least(a, b)
    if a == "none" or b == "none" then return "none" end
    return (a == "allow" and b == "allow") and "allow" or "conditional"
  end
  local granted, layer = identity, "identity"
  if q.cross_account then
    granted = least(identity, resource)
    if identity ~= "none" then layer = "resource" end
  elseif resource == "allow" or (identity == "none" and resource ~= "none") then
    -- Within the account a resource policy alone is enough; whether a boundary limits it hangs on whom it names.
    if identity ~= "allow" then granted, layer = resource, "resource" end
  end
  if granted == "none" then return "none", layer end
  for _, limit in ipairs(limits) do
    local may_pass = layer == "resource" and not q.cross_account and (limit[1] == "boundary" or limit[1] == "session")
    if limit[2] == "none" and not may_pass then return "none", limit[1] end
    if limit[2] ~= "allow" and certain then certain, layer = false, limit[1] end
  end
  return certain and granted or "conditional", layer
end

-- ---- administrators ----

--- Is there an Allow of everything: Effect Allow, Action `*`, Resource `*`, no Condition? Returns the statement.
function access.full_admin(value)
  for _, s in ipairs(document.statements(value)) do
    if s.effect == "Allow" and document.all_actions(s) and document.all_resources(s) and #s.conditions == 0 then
      return s
    end
  end
  return nil
end

--- Do documents together allow everything, without a Deny that takes a part of it back?
function access.is_admin(documents)
  return (access.allows(documents, "*:*", "*")) == "allow"
end

--- Is `action` allowed on every resource by some Allow and denied by no unconditional Deny of all resources?
-- Returns the allowing statement.
function access.allows_everywhere(value, action)
  local found
  for _, s in ipairs(document.statements(value)) do
    if document.has_action(s, action) then
      local everywhere = document.all_resources(s) or s.not_resources ~= nil
      if s.effect == "Deny" and everywhere and #s.conditions == 0 then return nil end
      if s.effect == "Allow" and everywhere and not found then found = s end
    end
  end
  return found
end

local shapes = {
  role = "arn:aws:iam::%s:role/*", user = "arn:aws:iam::%s:user/*", group = "arn:aws:iam::%s:group/*",
  policy = "arn:aws:iam::%s:policy/*", ["function"] = "arn:aws:lambda:*:%s:function:*",
}

-- The accounts that resources name, each once, behind "every account".
local function accounts_in(statements)
  local out, seen = { "*" }, {}
  for _, s in ipairs(statements) do
    for _, resource in ipairs(s.resources or {}) do
      local account = resource:match("^arn:[^:]*:[^:]*:[^:]*:(%d+):")
      if account and not seen[account] then
        seen[account] = true
        out[#out + 1] = account
      end
    end
  end
  return out
end

-- An action on every resource of a kind, in all accounts or in one that the patterns name.
local function allowed_on_all(statements, accounts, action, kind)
  if (access.allows(statements, action, "*")) == "allow" then return true end
  if kind == "any" then return false end
  for _, account in ipairs(accounts) do
    if (access.allows(statements, action, shapes[kind]:format(account))) == "allow" then return true end
  end
  return false
end

--- Ways to become an administrator that documents together allow, on every resource of the kind and without a condition:
-- a list of `{ id, actions }`, sorted by id. Administrators already are what the ways lead to: they give an empty list.
function access.escalations(documents)
  local statements, out, memo = document.all_statements(documents), {}, {}
  if access.is_admin(statements) then return out end
  local accounts = accounts_in(statements)
  for _, way in ipairs(ways) do
    local open = true
    for i, action in ipairs(way.actions) do
      local key = action .. " " .. way.on[i]
      if open and memo[key] == nil then memo[key] = allowed_on_all(statements, accounts, action, way.on[i]) end
      open = open and memo[key]
    end
    if open then out[#out + 1] = { id = way.id, actions = way.actions } end
  end
  table.sort(out, function(a, b) return a.id < b.id end)
  return out
end

--- The month that the list of ways is as of.
access.escalations_as_of = ways.as_of

return access
