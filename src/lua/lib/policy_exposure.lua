--- Who outside can use a resource: public and cross-account access by resource policies. A part of `policy`; require that.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
local document = require("policy_document")
local condition = require("policy_condition")

local exposure = {}

-- ---- Deny statements that take an Allow back ----

local function any_covers(outers, inner, exact)
  for _, outer in ipairs(outers) do
    if document.covers(outer, inner, exact) then return true end
  end
  return false
end

local function none_meets(patterns, one, exact)
  for _, pattern in ipairs(patterns) do
    if document.meets(pattern, one, exact) then return false end
  end
  return true
end

-- Does the Deny's list (or its complement) hold all that one pattern of the Allow means?
local function holds_pattern(list, not_list, pattern, exact)
  if list then return any_covers(list, pattern, exact) end
  if not_list then return none_meets(not_list, pattern, exact) end
  return true -- a policy without this element speaks of the resource that it is attached to
end

-- Does it hold all but the patterns of the Allow's complement?
local function holds_complement(list, not_list, but, exact)
  if list then return any_covers(list, exact and "*" or "*:*", exact) end
  for _, pattern in ipairs(not_list or {}) do
    if not any_covers(but, pattern, exact) then return false end
  end
  return true
end

-- Who is meant by "outside" below: nil is anybody, an account is everybody there, SOMEBODY is not known any closer.
local SOMEBODY = "somebody"

-- Does a Deny name all of them? Only `*` does: an ARN with wildcards, or `*` of services, leaves others.
local function names_outsider(principals, account)
  for _, kind in ipairs { "AWS", "*" } do
    for _, name in ipairs((principals or {})[kind] or {}) do
      if name == "*" or (account and (name == account or name:find("^arn:[^:]*:iam::" .. account .. ":root$"))) then return true end
    end
  end
  return false
end

-- Would a Deny's condition certainly be met by a caller from outside?
local function met_by_outsider(c, account)
  if account == SOMEBODY then return false end
  -- The anonymous come without this key.
  if c.key == "aws:principalisawsservice" and c.kind == "bool" and c.if_exists and not c.set then
    return #c.values == 1 and c.values[1]:lower() == "false"
  end
  local spared = condition.spares(c)
  if not spared then return false end
  if not account then return true end
  for _, a in ipairs(spared.accounts or {}) do
    if a == account or a == "" then return false end
  end
  return spared.accounts ~= nil
end

local function denies_outsider(deny, account)
  if deny.effect ~= "Deny" then return false end
  if deny.not_principals then
    if account == SOMEBODY or document.names_anybody(deny.not_principals) then return false end
    for _, name in ipairs(account and deny.not_principals.AWS or {}) do
      if document.account_of(name) == account then return false end
    end
  elseif not names_outsider(deny.principals, account) then
    return false
  end
  for _, c in ipairs(deny.conditions) do
    if not met_by_outsider(c, account) then return false end
  end
  return true
end

-- Is all that `allow` gives to a caller from outside denied by one Deny for each action and resource?
local function taken_back(statements, allow, account)
  local denies = {}
  for _, s in ipairs(statements) do
    if denies_outsider(s, account) then denies[#denies + 1] = s end
  end
  if #denies == 0 then return false end
  local function held(actions_of, resources_of)
    for _, deny in ipairs(denies) do
      if actions_of(deny) and resources_of(deny) then return true end
    end
    return false
  end
  local function tests(list, not_list, field, exact)
    if list == nil then
      return { function(d) return holds_complement(d[field], d["not_" .. field], not_list or {}, exact) end }
    end
    local out = {}
    for i, pattern in ipairs(list) do
      out[i] = function(d) return holds_pattern(d[field], d["not_" .. field], pattern, exact) end
    end
    return out
  end
  for _, action in ipairs(tests(allow.actions, allow.not_actions, "actions", false)) do
    for _, resource in ipairs(tests(allow.resources, allow.not_resources, "resources", true)) do
      if not held(action, resource) then return false end
    end
  end
  return true
end

-- ---- identity providers that anybody can join ----

-- The claims of each that tie a token to somebody: owner = the part before the first "/" (or ":") must be fixed.
local shared_providers = {
  ["token.actions.githubusercontent.com"] = { sub = "path", repository = "path", repository_owner = "fixed", repository_id = "fixed",
                                              repository_owner_id = "fixed", job_workflow_ref = "path", enterprise = "fixed" },
  ["gitlab.com"] = { sub = "path", namespace_path = "path", namespace_id = "fixed", project_path = "path", project_id = "fixed" },
  ["accounts.google.com"] = { sub = "fixed", aud = "fixed", oaud = "fixed", email = "fixed" },
  ["www.amazon.com"] = { app_id = "fixed", user_id = "fixed" },
  ["graph.facebook.com"] = { app_id = "fixed", id = "fixed" },
  ["cognito-identity.amazonaws.com"] = { aud = "fixed", sub = "fixed" },
  ["app.terraform.io"] = { sub = "scope", terraform_organization_id = "fixed" },
  ["agent.buildkite.com"] = { sub = "scope" },
}

local function provider_of(name)
  return name:match(":oidc%-provider/(.+)$") or name
end

local function claim_is_fixed(c, how)
  if c.negated or c.if_exists or c.set == "all" or not (c.kind == "string" or c.kind == "like" or c.kind == "fold") then return false end
  for _, value in ipairs(c.values) do
    local star = value:find("[*?]")
    local owner = how == "path" and value:find("/", 1, true) or how == "scope" and select(2, value:find("^[^:]*:[^:]*:"))
    if value == "" or value:find("${", 1, true) or (star and not (owner and owner < star)) then return false end
  end
  return #c.values > 0
end

-- The shared provider whose every user a statement trusts, or nil.
local function open_provider(statement)
  for _, name in ipairs((statement.principals or {}).Federated or {}) do
    local provider = provider_of(name)
    local claims = shared_providers[provider]
    local tied = false
    for _, c in ipairs(statement.conditions) do
      local claim = claims and c.key:sub(1, #provider + 1) == provider .. ":" and claims[c.key:sub(#provider + 2)]
      tied = tied or (claim and claim_is_fixed(c, claim)) or condition.confines(c, statement) ~= nil
    end
    if claims and not tied then return provider end
  end
  return nil
end

-- ---- public ----

local function why_public(statement)
  local weak = {}
  for _, c in ipairs(statement.conditions) do weak[#weak + 1] = c.operator .. " " .. c.key end
  local who = statement.not_principals and "an Allow with NotPrincipal means everybody else" or "the principal is everybody"
  if #weak == 0 then return who end
  return who .. ", and no condition confines the caller (" .. table.concat(weak, ", ") .. ")"
end

local function held(statement, options)
  if options.keys then return condition.restricted_by(statement, options.keys) end
  for _, c in ipairs(statement.conditions) do
    local found
    if options.as == "s3" then found = condition.s3_trusted(c, statement) else found = condition.confines(c, statement) end
    if found then return true end
  end
  return false
end

--- Does a resource policy (or a role's trust policy) let anybody in?
-- Options: `as = "s3"` counts as S3 Block Public Access does (fixed values only, a Deny takes nothing back);
-- `keys = { … }` counts conditions on these lower-case keys only.
-- Returns true or false, and a list of `{ statement, name, reason }`, one for each Allow that does.
function exposure.is_public(value, options)
  options = options or {}
  local statements, out = document.statements(value), {}
  for _, s in ipairs(statements) do
    local reason
    if s.effect == "Allow" then
      local provider = open_provider(s)
      if document.anybody(s) and not held(s, options) then
        reason = why_public(s)
      elseif provider then
        reason = "every user of " .. provider .. " is trusted: no condition names whose token it must be"
      end
    end
    if reason and (options.as == "s3" or not taken_back(statements, s, nil)) then
      out[#out + 1] = { statement = s, name = document.name(s), reason = reason }
    end
  end
  return #out > 0, out
end

--- Allows whose principal is everybody, without a condition that confines (on a key of `keys`, when given).
-- Returns a list of statements; what a Deny takes back is not among them, nor are trusted identity providers.
function exposure.public_statements(value, keys)
  local _, found = exposure.is_public(value, keys and { keys = keys } or nil)
  local out = {}
  for _, entry in ipairs(found) do
    if document.anybody(entry.statement) then out[#out + 1] = entry.statement end
  end
  return out
end

-- ---- cross-account ----

local function set_of(list)
  local out = {}
  for _, value in ipairs(list or {}) do out[value] = true end
  return out
end

local function all_known(list, known)
  if not list then return false end
  for _, value in ipairs(list) do
    if not known[value] then return false end
  end
  return #list > 0
end

-- Keys of who calls, and keys of on whose behalf a service calls.
local function is_source_key(key) return key:find("^aws:source") ~= nil and key ~= "aws:sourceip" and not key:find("^aws:sourcevpc") end

local order = { account = 1, organization = 2, identity = 3, service = 4, network = 5, addresses = 6 }

local function narrowest(bounds)
  local best
  for _, b in ipairs(bounds) do
    if not best or order[b.what] < order[best.what] then best = b end
  end
  return best
end

local function kind_of(name)
  if name:find("^%d+$") or name:find(":root$") then return "account" end
  if name:find(":assumed%-role/") then return "session" end
  if name:find(":federated%-user/") then return "session" end
  if name:find(":role/") then return "role" end
  if name:find(":user/") then return "user" end
  if name:find("^A[A-Z0-9]+$") then return "deleted" end
  return "other"
end

local function scan_everybody(s, bounds, known, add)
  local b = narrowest(bounds)
  if not b then return add("anybody", "*") end
  if b.what == "account" then
    for i, account in ipairs(b.accounts) do
      if not known.accounts[account] then
        add(account == "" and "other" or "account", b.arns and b.arns[i] or account, account ~= "" and account or nil)
      end
    end
  elseif b.what == "organization" then
    for _, org in ipairs(b.orgs) do
      if not known.orgs[org] then add("organization", org) end
    end
  elseif b.what ~= "service" then
    add(b.what, "*")
  end
end

local function scan_named(s, known, add)
  for _, name in ipairs(s.principals.AWS or {}) do
    local account = document.account_of(name)
    if name ~= "*" and name:find("^arn:[^:]*:iam::cloudfront:") then
      add("cloudfront", name)
    elseif name ~= "*" and not (account and known.accounts[account]) and not document.names_anybody { { name } } then
      add(kind_of(name), name, account)
    end
  end
  for _, name in ipairs(s.principals.CanonicalUser or {}) do
    if not known.canonical[name] then add("canonical", name) end
  end
  for _, name in ipairs(s.principals.Federated or {}) do
    local account = document.account_of(name)
    if account and not known.accounts[account] then add("federated", name, account) end
  end
end

local function scan_services(s, bounds, known, services)
  for _, name in ipairs((s.principals or {}).Service or {}) do
    local entry = { service = name, statement = s, name = document.name(s), protected = false }
    for _, b in ipairs(bounds) do
      if is_source_key(b.key) then
        entry.protected = true
        for _, account in ipairs(b.accounts or {}) do
          if account ~= "" and not known.accounts[account] then entry.foreign_account = account end
        end
      end
    end
    services[#services + 1] = entry
  end
end

--- Who outside account `own` a policy lets in. Options: `accounts` (account ids that are known), `orgs` (organizations
-- that are known), `canonical` (canonical user ids that are known).
-- Returns two lists. Principals: `{ kind, principal, account, statement, name, external_id }`, kind `anybody`, `account`,
-- `role`, `user`, `session`, `federated`, `canonical`, `organization`, `network`, `addresses`, `identity`, `cloudfront`,
-- `deleted`, `other`. Services: `{ service, protected, foreign_account, statement, name }`; `protected` when a condition
-- says for whom the service may call.
function exposure.cross_account(value, own, options)
  options = options or {}
  local known = { accounts = set_of(options.accounts), orgs = set_of(options.orgs), canonical = set_of(options.canonical) }
  known.accounts[own], known.accounts.own, known.orgs.own = true, true, true
  local statements, out, services = document.statements(value), {}, {}
  for _, s in ipairs(statements) do
    if s.effect == "Allow" then
      local bounds, inside = condition.confinements(s), false
      for _, b in ipairs(bounds) do
        inside = inside or all_known(b.accounts, known.accounts) or all_known(b.orgs, known.orgs)
      end
      local function add(kind, principal, account)
        local who = account
        if kind ~= "anybody" then who = account or SOMEBODY end
        if taken_back(statements, s, who) then return end
        out[#out + 1] = { kind = kind, principal = principal, account = account, statement = s, name = document.name(s),
                          external_id = condition.restricted_by(s, { "sts:externalid" }) }
      end
      if not inside then
        if document.anybody(s) then scan_everybody(s, bounds, known, add) end
        if s.principals then scan_named(s, known, add) end
      end
      scan_services(s, bounds, known, services)
    end
  end
  return out, services
end

return exposure
