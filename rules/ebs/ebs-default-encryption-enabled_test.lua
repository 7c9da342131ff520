return {
  { name = "on", expect = "pass", resource = { RegionName = "us-east-1", EbsEncryptionByDefault = true, EbsDefaultKmsKeyId = "alias/aws/ebs" } },
  { name = "off", expect = "fail", message = "not encrypted", resource = { RegionName = "us-east-1", EbsEncryptionByDefault = false } },
  { name = "own key wanted", expect = "fail", message = "alias/aws/ebs", params = { require_cmk = true },
    resource = { RegionName = "us-east-1", EbsEncryptionByDefault = true, EbsDefaultKmsKeyId = "alias/aws/ebs" } },
  { name = "own key", expect = "pass", params = { require_cmk = true },
    resource = { RegionName = "us-east-1", EbsEncryptionByDefault = true, EbsDefaultKmsKeyId = "arn:aws:kms:us-east-1:111122223333:key/1" } },
  { name = "denied", expect = "unknown",
    resource = { RegionName = "us-east-1", EbsEncryptionByDefault = unknown("ec2:GetEbsEncryptionByDefault", "UnauthorizedOperation") } },
}
