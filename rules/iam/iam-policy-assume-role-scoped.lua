--- Permission to assume roles must name the roles.
-- sts:AssumeRole on `*` is the permission of every role that trusts the account.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html
local policy = require("policy")

return rule {
  id = "iam-policy-assume-role-scoped",
  title = "sts:AssumeRole is allowed only on named roles",
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
      if s.effect == "Allow" and policy.has_action(s, "sts:AssumeRole") and not (s.actions and policy.all_actions(s)) then
        for _, resource in ipairs(s.resources or {}) do
          if resource == "*" or resource:find("^arn:[^:]*:iam::%*:") then
            return fail("%s allows sts:AssumeRole on %s", policy.name(s), resource)
          end
        end
      end
    end
    return pass()
  end,
}
