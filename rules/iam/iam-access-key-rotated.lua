--- Active access keys must be replaced regularly.
-- The longer a key lives, the more places hold a copy of it.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
local time = require("time")

return rule {
  id = "iam-access-key-rotated",
  title = "Active access keys are younger than the limit",
  severity = "medium", pillar = "security",
  resource = "AWS::IAM::AccessKey",
  params = { max_key_age_days = 90 },
  controls = {
    cis = { "2.12" },
    fsbp = { "IAM.3" },
    nist_800_53_r5 = { "AC-2(1)", "IA-5(1)" },
    pci_dss_4_0 = { "8.3.9", "8.6.3" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC02-BP05" },
  },
  remediation = "iam-deactivate-access-key",
  check = function(key, ctx)
    if key.Status ~= "Active" then return not_applicable("the key is %s", key.Status) end
    local age = time.age_days(key.CreateDate, ctx.now)
    if age == nil then return unknown("the key has no creation date") end
    if age > ctx.params.max_key_age_days then return fail("the key of %s is %d days old", key.UserName, age) end
    return pass()
  end,
}
