--- A trail must encrypt its logs with a KMS key.
-- Who may read the bucket may then still not read the logs.
-- @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html
return rule {
  id = "cloudtrail-encrypted-with-kms",
  title = "Trails are encrypted with a KMS key",
  severity = "medium", pillar = "security",
  resource = "AWS::CloudTrail::Trail",
  controls = {
    cis = { "4.5" },
    fsbp = { "CloudTrail.2" },
    nist_800_53_r5 = { "SC-13", "SC-28", "SC-28(1)" },
    pci_dss_4_0 = { "3.5.1" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC08-BP02" },
  },
  remediation = "cloudtrail-enable-kms",
  check = function(trail)
    if trail.KmsKeyId ~= nil and trail.KmsKeyId ~= "" then return pass() end
    return fail("the logs are not encrypted with a KMS key")
  end,
}
