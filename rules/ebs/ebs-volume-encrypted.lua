--- EBS volumes must be encrypted.
-- A copied or lost disk then shows nothing.
-- @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html
return rule {
  id = "ebs-volume-encrypted",
  title = "Volumes are encrypted",
  severity = "high", pillar = "security",
  resource = "AWS::EC2::Volume",
  controls = {
    fsbp = { "EC2.3" },
    nist_800_53_r5 = { "SC-13", "SC-28", "SC-28(1)" },
    pci_dss_4_0 = { "3.5.1" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC08-BP02" },
  },
  remediation = "ebs-replace-with-encrypted-volume",
  check = function(volume)
    if volume.Encrypted then return pass() end
    return fail("the volume is not encrypted")
  end,
}
