--- The root user must not be used for everyday work.
-- Each use is unlimited power without a name behind it.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html
local time = require("time")

return rule {
  id = "iam-root-not-used-recently",
  title = "Root user is not used for daily work",
  severity = "high", pillar = "security",
  resource = "AWS::::Account",
  needs = { "CredentialReport" },
  params = { max_days = 30 },
  controls = {
    cis = { "2.7" },
    nist_800_53_r5 = { "AC-6(5)", "IA-2", "AC-2" },
    pci_dss_4_0 = { "7.2.2" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC01-BP02" },
  },
  check = function(account, ctx)
    for _, row in ipairs(account.CredentialReport.Content) do
      if row.user == "<root_account>" then
        for _, column in ipairs { "password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date" } do
          local days = time.age_days(row[column], ctx.now)
          if days and days < ctx.params.max_days then
            return fail("the root user was used %d day(s) ago (%s)", days, column)
          end
        end
        return pass()
      end
    end
    return unknown("the credential report has no row for the root user")
  end,
}
