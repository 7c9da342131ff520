--- A bucket's default encryption must use KMS.
-- With a KMS key, reading needs a second permission, and each use of the key is logged.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
return rule {
  id = "s3-bucket-encrypted-with-kms",
  title = "Default encryption uses KMS",
  severity = "medium", pillar = "security",
  resource = "AWS::S3::Bucket",
  needs = { "Encryption", "Tagging" },
  params = { require_cmk = false, exempt_tag = "DataClass=public" },
  controls = {
    fsbp = { "S3.17" },
    nist_800_53_r5 = { "SC-13", "SC-28", "SC-28(1)" },
    pci_dss_4_0 = { "3.5.1" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC08-BP02" },
  },
  remediation = "s3-set-kms-encryption",
  check = function(bucket, ctx)
    if ctx.params.exempt_tag ~= "" and bucket.tags:has(ctx.params.exempt_tag) then
      return not_applicable("exempt by tag %s", ctx.params.exempt_tag)
    end
    local rules = bucket.Encryption and bucket.Encryption.Rules or {}
    local default = rules[1] and rules[1].ApplyServerSideEncryptionByDefault
    if default == nil then return fail("no default encryption") end
    if default.SSEAlgorithm ~= "aws:kms" and default.SSEAlgorithm ~= "aws:kms:dsse" then
      return fail("the default encryption is %s", default.SSEAlgorithm)
    end
    local key = default.KMSMasterKeyID
    if ctx.params.require_cmk and (key == nil or key:find("alias/aws/s3$")) then
      return fail("the default key is AWS's own")
    end
    return pass()
  end,
}
