--- Permission to pass roles must name the roles or the service.
-- iam:PassRole on `*` hands every role of the account to whoever may start a service.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
local policy = require("policy")

return rule {
  id = "iam-policy-pass-role-scoped",
  title = "iam:PassRole is scoped to roles and services",
  severity = "high", pillar = "security",
  resource = "AWS::IAM::ManagedPolicy",
  controls = {
    nist_800_53_r5 = { "AC-3", "AC-5", "AC-6" },
    pci_dss_4_0 = { "7.2.1", "7.2.2" },
    soc2 = { "CC6.3" },
    well_architected = { "SEC03-BP02" },
  },
  check = function(p)
    local text = policy.in_force(p)
    if text == nil then return unknown("the policy has no default version") end
    for _, s in ipairs(policy.statements(text)) do
      if s.effect == "Allow" and policy.has_action(s, "iam:PassRole") and not (s.actions and policy.all_actions(s)) then
        for _, resource in ipairs(s.resources or {}) do
          if resource == "*" and not policy.restricted_by(s, { "iam:passedtoservice" }) then
            return fail("%s allows iam:PassRole on every role", policy.name(s))
          end
        end
      end
    end
    return pass()
  end,
}
