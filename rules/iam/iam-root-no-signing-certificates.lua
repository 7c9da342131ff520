--- The root user must have no signing certificates.
-- They are credentials from SOAP's time: rarely known of, never rotated, as strong as a root key.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html
return rule {
  id = "iam-root-no-signing-certificates",
  title = "Root user has no X.509 signing certificates",
  severity = "high", pillar = "security",
  resource = "AWS::::Account",
  needs = { "SummaryMap" },
  controls = {
    nist_800_53_r5 = { "AC-6(5)", "IA-2", "AC-2" },
    pci_dss_4_0 = { "7.2.2" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC01-BP02" },
  },
  check = function(account)
    local certificates = account.SummaryMap.AccountSigningCertificatesPresent
    if certificates == nil then return unknown("the account summary does not tell of signing certificates") end
    if certificates > 0 then
      return fail("the root user has %d signing certificate(s)", certificates)
    end
    return pass()
  end,
}
