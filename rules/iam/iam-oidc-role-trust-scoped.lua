--- A role for an OIDC provider must name its audience and its subject.
-- Without `:sub` every repository or service account of that provider may assume the role.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
local policy = require("policy")

-- SAML providers are judged elsewhere; Cognito and Google style names carry no ARN.
local function is_oidc(name)
  return not name:find(":saml-provider/", 1, true)
end

-- A wildcard before the repository part ("repo:org/*" is fine, "repo:*" and "*" are not).
local function too_wide(subject)
  local star = subject:find("[*?]")
  if not star then return false end
  local slash = subject:find("/", 1, true)
  return slash == nil or star < slash
end

return rule {
  id = "iam-oidc-role-trust-scoped",
  title = "OIDC (pipeline) roles are scoped to a subject",
  severity = "high", pillar = "security",
  resource = "AWS::IAM::Role",
  controls = {
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6" },
    pci_dss_4_0 = { "7.2.1" },
    soc2 = { "CC6.3" },
    well_architected = { "SEC03-BP08" },
  },
  check = function(role)
    local judged = false
    for _, s in ipairs(policy.statements(role.AssumeRolePolicyDocument)) do
      for _, provider in ipairs(s.effect == "Allow" and (s.principals or {}).Federated or {}) do
        if is_oidc(provider) then
          judged = true
          local audience, subject = policy.condition(s, "*:aud"), policy.condition(s, "*:sub")
          if not audience and not subject then
            return fail("%s names neither audience nor subject of %s", policy.name(s), provider)
          end
          for _, value in ipairs(subject and subject.values or {}) do
            if too_wide(value) then return fail("%s accepts the subject '%s'", policy.name(s), value) end
          end
        end
      end
    end
    if not judged then return not_applicable("no OIDC provider is trusted") end
    return pass()
  end,
}
