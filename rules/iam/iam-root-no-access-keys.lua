--- The root user must have no access keys.
-- A root key can do everything, cannot be limited, and works from anywhere.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user_manage_delete-key.html
return rule {
  id = "iam-root-no-access-keys",
  title = "Root user has no access keys",
  severity = "critical", pillar = "security",
  resource = "AWS::::Account",
  needs = { "SummaryMap" },
  controls = {
    cis = { "2.4" },
    fsbp = { "IAM.4" },
    nist_800_53_r5 = { "AC-6(5)", "IA-2", "AC-2" },
    pci_dss_4_0 = { "7.2.2" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC01-BP02" },
  },
  check = function(account)
    local keys = account.SummaryMap.AccountAccessKeysPresent
    if keys == nil then return unknown("the account summary does not tell of root access keys") end
    if keys > 0 then return fail("the root user has %d access key(s)", keys) end
    return pass()
  end,
}
