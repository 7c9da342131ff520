--- A key policy must not be for anybody.
-- A public key policy opens all that the key protects.
-- @see https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
local policy = require("policy")

local holding = { "kms:calleraccount", "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn",
                  "aws:sourceaccount", "aws:sourcearn" }

return rule {
  id = "kms-key-policy-not-public",
  title = "Key policies are not public",
  severity = "critical", pillar = "security",
  resource = "AWS::KMS::Key",
  needs = { "Policy" },
  controls = {
    cis = { "2.21" },
    fsbp = { "KMS.5" },
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  remediation = "kms-remove-public-statements",
  check = function(key)
    local open = policy.public_statements(key.Policy, holding)
    if #open > 0 then return fail("%s of the key policy is for anybody", policy.name(open[1])) end
    return pass()
  end,
}
