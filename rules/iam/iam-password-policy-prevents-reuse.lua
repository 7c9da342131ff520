--- The password policy must refuse the last passwords.
-- Who may go back to the old password undoes a forced change in a minute.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
return rule {
  id = "iam-password-policy-prevents-reuse",
  title = "Password policy prevents reuse",
  severity = "medium", pillar = "security",
  resource = "AWS::::Account",
  needs = { "PasswordPolicy" },
  params = { reuse_prevention = 24 },
  controls = {
    cis = { "2.9" },
    fsbp = { "IAM.7", "IAM.10" },
    nist_800_53_r5 = { "IA-5(1)" },
    pci_dss_4_0 = { "8.3.6", "8.3.7" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC02-BP01" },
  },
  remediation = "iam-set-password-policy",
  check = function(account, ctx)
    local p = account.PasswordPolicy
    if p == nil then return fail("there is no password policy") end
    local remembered = p.PasswordReusePrevention
    if remembered == nil or remembered < ctx.params.reuse_prevention then
      return fail("%s of %d last passwords are refused", remembered or "none", ctx.params.reuse_prevention)
    end
    return pass()
  end,
}
