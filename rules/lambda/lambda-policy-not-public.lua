--- A function policy must not let anybody call the function.
-- S3 counts too: without a source account, any bucket of anybody may call.
-- @see https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
local policy = require("policy")

local holding = { "aws:sourceaccount", "aws:sourcearn", "aws:principalorgid", "aws:principalaccount", "aws:principalarn",
                  "lambda:functionurlauthtype" }

return rule {
  id = "lambda-policy-not-public",
  title = "Resource policy is not public",
  severity = "critical", pillar = "security",
  resource = "AWS::Lambda::Function",
  needs = { "Policy" },
  controls = {
    cis = { "2.21" },
    fsbp = { "Lambda.1" },
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  remediation = "lambda-remove-public-permission",
  check = function(fn)
    local open = policy.public_statements(fn.Policy, holding)
    if #open > 0 then return fail("%s lets anybody call the function", policy.name(open[1])) end
    for _, s in ipairs(policy.statements(fn.Policy)) do
      for _, service in ipairs(s.effect == "Allow" and (s.principals or {}).Service or {}) do
        if service == "s3.amazonaws.com" and not policy.restricted_by(s, { "aws:sourceaccount" }) then
          return fail("%s lets S3 call for any account's bucket (no aws:SourceAccount)", policy.name(s))
        end
      end
    end
    return pass()
  end,
}
