--- Access keys that nobody uses must be turned off.
-- An unused key is only useful to whoever finds it.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
local time = require("time")

return rule {
  id = "iam-access-key-unused-disabled",
  title = "Unused active access keys are deactivated",
  severity = "medium", pillar = "security",
  resource = "AWS::IAM::AccessKey",
  needs = { "LastUsed" },
  params = { max_unused_days = 45 },
  controls = {
    cis = { "2.11" },
    fsbp = { "IAM.8", "IAM.22" },
    nist_800_53_r5 = { "AC-2(3)", "AC-6" },
    pci_dss_4_0 = { "8.2.6" },
    soc2 = { "CC6.3" },
    well_architected = { "SEC03-BP04" },
  },
  remediation = "iam-deactivate-access-key",
  check = function(key, ctx)
    if key.Status ~= "Active" then return not_applicable("the key is %s", key.Status) end
    local used = time.age_days(key:path("LastUsed.LastUsedDate"), ctx.now)
    local age = used or time.age_days(key.CreateDate, ctx.now)
    if age == nil then return unknown("the key has neither a last use nor a creation date") end
    if age > ctx.params.max_unused_days then
      return fail(used and "the key of %s was last used %d days ago" or "the key of %s was never used in %d days", key.UserName, age)
    end
    return pass()
  end,
}
