--- The account's password policy must ask for long, mixed and expiring passwords.
-- Without a policy AWS accepts eight characters for ever.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
return rule {
  id = "iam-password-policy-strong",
  title = "Account password policy is strong",
  severity = "medium", pillar = "security",
  resource = "AWS::::Account",
  needs = { "PasswordPolicy" },
  params = { min_length = 14, max_age_days = 90 },
  controls = {
    cis = { "2.8" },
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
    local missing = {}
    if (p.MinimumPasswordLength or 0) < ctx.params.min_length then
      missing[#missing + 1] = ("at least %d characters (now %s)"):format(ctx.params.min_length, p.MinimumPasswordLength or "unset")
    end
    for _, flag in ipairs { "RequireUppercaseCharacters", "RequireLowercaseCharacters", "RequireNumbers", "RequireSymbols" } do
      if not p[flag] then missing[#missing + 1] = flag end
    end
    if p.MaxPasswordAge == nil or p.MaxPasswordAge == 0 or p.MaxPasswordAge > ctx.params.max_age_days then
      missing[#missing + 1] = ("expiry within %d days (now %s)"):format(ctx.params.max_age_days, p.MaxPasswordAge or "never")
    end
    if #missing > 0 then return fail("the password policy lacks: %s", table.concat(missing, ", ")) end
    return pass()
  end,
}
