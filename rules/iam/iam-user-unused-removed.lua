--- A user that nobody uses must be removed.
-- Every identity is attack surface; an unused one is nothing else.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_finding-unused.html
local time = require("time")

return rule {
  id = "iam-user-unused-removed",
  title = "IAM users without any activity are removed",
  severity = "medium", pillar = "security",
  resource = "AWS::IAM::User",
  needs = { "CredentialReport" },
  params = { max_unused_days = 90 },
  controls = {
    cis = { "2.11" },
    fsbp = { "IAM.8", "IAM.22" },
    nist_800_53_r5 = { "AC-2(3)", "AC-6" },
    pci_dss_4_0 = { "8.2.6" },
    soc2 = { "CC6.3" },
    well_architected = { "SEC03-BP04" },
  },
  remediation = "iam-quarantine-user",
  check = function(user, ctx)
    local row = user.CredentialReport
    if row == nil then return unknown("the credential report has no row for this user yet") end
    local newest
    for _, column in ipairs { "user_creation_time", "password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date" } do
      local days = time.age_days(row[column], ctx.now)
      if days and (newest == nil or days < newest) then newest = days end
    end
    if newest == nil then return unknown("the credential report has no dates for this user") end
    if newest > ctx.params.max_unused_days then return fail("not used for %d days", newest) end
    return pass()
  end,
}
