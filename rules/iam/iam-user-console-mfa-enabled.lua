--- A user with a console password must have MFA.
-- Passwords leak, are reused and are guessed; a second factor stops most of it.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html
return rule {
  id = "iam-user-console-mfa-enabled",
  title = "Console users have MFA",
  severity = "high", pillar = "security",
  resource = "AWS::IAM::User",
  needs = { "CredentialReport", "MFADevices" },
  controls = {
    cis = { "2.10" },
    fsbp = { "IAM.5", "IAM.19" },
    nist_800_53_r5 = { "IA-2(1)", "IA-2(2)", "AC-3" },
    pci_dss_4_0 = { "8.4.2" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC02-BP01" },
  },
  remediation = "iam-attach-deny-without-mfa",
  check = function(user)
    if user.CredentialReport == nil then return unknown("the credential report has no row for this user yet") end
    if user.CredentialReport.password_enabled ~= "true" then return not_applicable("no console password") end
    if user.CredentialReport.mfa_active == "true" or #(user.MFADevices or {}) > 0 then return pass() end
    return fail("console password without MFA")
  end,
}
