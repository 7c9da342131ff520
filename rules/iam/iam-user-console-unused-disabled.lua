--- A console password that nobody uses must be removed.
-- A forgotten password is a door that nobody watches.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_finding-unused.html
local time = require("time")

return rule {
  id = "iam-user-console-unused-disabled",
  title = "Unused console passwords are removed",
  severity = "medium", pillar = "security",
  resource = "AWS::IAM::User",
  needs = { "CredentialReport" },
  params = { max_unused_days = 45 },
  controls = {
    cis = { "2.11" },
    fsbp = { "IAM.8", "IAM.22" },
    nist_800_53_r5 = { "AC-2(3)", "AC-6" },
    pci_dss_4_0 = { "8.2.6" },
    soc2 = { "CC6.3" },
    well_architected = { "SEC03-BP04" },
  },
  remediation = "iam-delete-console-password",
  check = function(user, ctx)
    local row = user.CredentialReport
    if row == nil then return unknown("the credential report has no row for this user yet") end
    if row.password_enabled ~= "true" then return not_applicable("no console password") end
    local used = time.age_days(row.password_last_used, ctx.now)
    if used and used > ctx.params.max_unused_days then
      return fail("the console password was last used %d days ago", used)
    end
    if used then return pass() end
    local changed = time.age_days(row.password_last_changed, ctx.now) or time.age_days(row.user_creation_time, ctx.now)
    if changed == nil then return unknown("the credential report says neither when the password was used nor when it was set") end
    if changed > ctx.params.max_unused_days then
      return fail("the console password was never used in %d days", changed)
    end
    return pass()
  end,
}
