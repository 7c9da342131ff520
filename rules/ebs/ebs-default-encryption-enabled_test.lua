return {
  { name = "on", expect = "pass", resource = { RegionName = "us-east-1", EbsEncryptionByDefault = true } },
  { name = "off", expect = "fail", message = "not encrypted", resource = { RegionName = "us-east-1", EbsEncryptionByDefault = false } },
  { name = "denied", expect = "unknown",
    resource = { RegionName = "us-east-1", EbsEncryptionByDefault = unknown("ec2:GetEbsEncryptionByDefault", "UnauthorizedOperation") } },
}
