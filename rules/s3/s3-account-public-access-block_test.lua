local all = { BlockPublicAcls = true, IgnorePublicAcls = true, BlockPublicPolicy = true, RestrictPublicBuckets = true }
return {
  { name = "all four", expect = "pass", resource = { Account = "111122223333", PublicAccessBlock = all } },
  { name = "absent", expect = "fail", message = "no public access block", resource = { Account = "111122223333" } },
  { name = "one off", expect = "fail", message = "off: BlockPublicPolicy",
    resource = { Account = "111122223333", PublicAccessBlock = { BlockPublicAcls = true, IgnorePublicAcls = true,
      BlockPublicPolicy = false, RestrictPublicBuckets = true } } },
  { name = "denied", expect = "unknown",
    resource = { Account = "111122223333", PublicAccessBlock = unknown("s3control:GetPublicAccessBlock", "AccessDenied") } },
}
