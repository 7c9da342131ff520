--- New EBS volumes must be encrypted by default in each region.
-- With the default on, nobody can forget it.
-- @see https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
return rule {
  id = "ebs-default-encryption-enabled",
  title = "EBS encryption by default is on in the region",
  severity = "high", pillar = "security",
  resource = "AWS::::Region",
  needs = { "EbsEncryptionByDefault" },
  controls = {
    cis = { "6.1.1" },
    fsbp = { "EC2.7" },
    nist_800_53_r5 = { "SC-13", "SC-28", "SC-28(1)" },
    pci_dss_4_0 = { "3.5.1" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC08-BP02" },
  },
  remediation = "ebs-enable-default-encryption",
  check = function(region)
    if region.EbsEncryptionByDefault == nil then return unknown("the answer does not tell the default") end
    if region.EbsEncryptionByDefault then return pass() end
    return fail("new EBS volumes are not encrypted by default")
  end,
}
