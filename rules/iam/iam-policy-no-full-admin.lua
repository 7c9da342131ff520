--- No customer-managed policy may allow everything on everything.
-- Such a policy is AdministratorAccess under a name that nobody looks for.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
local policy = require("policy")

return rule {
  id = "iam-policy-no-full-admin",
  title = "Customer-managed policies in use do not allow *:*",
  severity = "critical", pillar = "security",
  resource = "AWS::IAM::ManagedPolicy",
  params = { allow_policies = {} },
  controls = {
    cis = { "2.14" },
    fsbp = { "IAM.1" },
    nist_800_53_r5 = { "AC-3", "AC-5", "AC-6" },
    pci_dss_4_0 = { "7.2.1", "7.2.2" },
    soc2 = { "CC6.3" },
    well_architected = { "SEC03-BP02" },
  },
  remediation = "iam-detach-admin-policy",
  check = function(p, ctx)
    for _, name in ipairs(ctx.params.allow_policies) do
      if name == p.PolicyName then return not_applicable("named in allow_policies") end
    end
    local text = policy.in_force(p)
    if text == nil then return unknown("the policy has no default version") end
    local statement = policy.full_admin(text)
    if statement then return fail("%s allows every action on every resource", policy.name(statement)) end
    return pass()
  end,
}
