--- A role must not be open to every AWS account.
-- Principal `*` in a trust policy lets anybody assume the role, unless a condition holds them back.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
local policy = require("policy")

local holding = { "aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:principalaccount", "aws:sourceaccount",
                  "sts:externalid" }

return rule {
  id = "iam-role-trust-no-wildcard",
  title = "Role trust policies name their principals",
  severity = "critical", pillar = "security",
  resource = "AWS::IAM::Role",
  controls = {
    cis = { "2.21" },
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  check = function(role)
    local open = policy.public_statements(role.AssumeRolePolicyDocument, holding)
    if #open > 0 then return fail("%s of the trust policy lets any AWS principal assume the role", policy.name(open[1])) end
    return pass()
  end,
}
