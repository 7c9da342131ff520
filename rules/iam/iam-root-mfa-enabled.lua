--- The root user of an account must have MFA.
-- Whoever takes over the root user owns the account, and no policy holds it back: a password alone is not enough.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html
-- AWS says so only of member accounts whose organization manages root access: everywhere else the root user has a password.
local function managed_centrally(account)
  return account.SummaryMap.AccountPasswordPresent == 0
end

return rule {
  id = "iam-root-mfa-enabled",
  title = "Root user has MFA",
  severity = "critical", pillar = "security",
  resource = "AWS::::Account",
  needs = { "SummaryMap" },
  controls = {
    cis = { "2.5" },
    fsbp = { "IAM.9" },
    nist_800_53_r5 = { "IA-2(1)", "IA-2(2)", "AC-3" },
    pci_dss_4_0 = { "8.4.2" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC01-BP02" },
  },
  check = function(account)
    if account.SummaryMap.AccountMFAEnabled == 1 then return pass() end
    if managed_centrally(account) then return not_applicable("root access of this member account is managed centrally") end
    return fail("the root user has no MFA device")
  end,
}
