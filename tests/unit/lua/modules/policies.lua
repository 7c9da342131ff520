-- Every policy of policies/, as a part of a resource and as a plain table: public, cross-account, what is allowed.
local policy = require("policy")
local OWN = "111122223333"

local function words(list)
  table.sort(list)
  return table.concat(list, "; ")
end

local function principal(p)
  local text = p.kind
  if p.account then text = text .. " " .. p.account end
  if p.external_id then text = text .. " external" end
  return text
end

local function service(s)
  return s.service .. (s.protected and " protected" or " open") .. (s.foreign_account and " " .. s.foreign_account or "")
end

local function plain(list)
  local out = {}
  for i = 1, #list do out[i] = list[i] end
  return out
end

local function check_case(c, complain)
  local doc = c.policy
  if c.public ~= nil then
    local public, found = policy.is_public(doc)
    if public ~= c.public then complain("public is %s", public) end
    if c.statements then
      local named = {}
      for i, entry in ipairs(found) do named[i] = entry.name end
      if words(named) ~= words(plain(c.statements)) then complain("statements: %s", words(named)) end
    end
    local s3 = c.s3
    if s3 ~= nil and (policy.is_public(doc, { as = "s3" })) ~= s3 then complain("S3 would say %s", not s3) end
  end
  local foreign, services = policy.cross_account(doc, OWN, { accounts = c.accounts, orgs = c.orgs })
  for key, found in pairs { foreign = { foreign, principal }, services = { services, service } } do
    if c[key] then
      local got = {}
      for i, entry in ipairs(found[1]) do got[i] = found[2](entry) end
      if words(got) ~= words(plain(c[key])) then complain("%s: %s", key, words(got)) end
    end
  end
  for _, ask in ipairs(c.asks or {}) do
    local got = policy.allows(doc, ask.action, ask.resource, ask.context, ask.complete)
    if got ~= ask.expect then complain("%s on %s is %s, not %s", ask.action, ask.resource, got, ask.expect) end
  end
  if c.admin ~= nil and policy.is_admin(doc) ~= c.admin then complain("is_admin is %s", not c.admin) end
  if c.ways then
    local got = {}
    for i, way in ipairs(policy.escalations(doc)) do got[i] = way.id end
    if words(got) ~= words(plain(c.ways)) then complain("escalations: %s", words(got)) end
  end
end

return rule {
  check = function(r)
    local faults, count = {}, 0
    local plain_cases = r:search("Cases")
    for group, cases in pairs(r.Cases) do
      for i, c in ipairs(cases) do
        count = count + 1
        for form, one in pairs { part = c, plain = plain_cases[group][i] } do
          local function complain(format, ...)
            if #faults < 100 then
              faults[#faults + 1] = fail { subkey = tostring(#faults), message = ("%s, %s (%s): "):format(group, c.name, form) .. format:format(...) }
            end
          end
          local ok, why = pcall(check_case, one, complain)
          if not ok then complain("%s", tostring(why)) end
        end
      end
    end
    if count < 200 then return fail("only %d policies", count) end
    return #faults > 0 and faults or pass()
  end,
}
