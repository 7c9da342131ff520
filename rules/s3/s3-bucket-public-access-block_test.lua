local all = { BlockPublicAcls = true, IgnorePublicAcls = true, BlockPublicPolicy = true, RestrictPublicBuckets = true }
local some = { BlockPublicAcls = true, IgnorePublicAcls = true, BlockPublicPolicy = false, RestrictPublicBuckets = false }
local function account(block)
  return { ["AWS::::Account"] = { { Account = "111122223333", PublicAccessBlock = block } } }
end
return {
  { name = "all four", expect = "pass", resource = { Name = "b", PublicAccessBlock = all }, inventory = account(nil) },
  { name = "absent", expect = "fail", message = "no public access block", resource = { Name = "b" }, inventory = account(nil) },
  { name = "two off", expect = "fail", message = "off: BlockPublicPolicy, RestrictPublicBuckets",
    resource = { Name = "b", PublicAccessBlock = some }, inventory = account(some) },
  { name = "the account blocks", expect = "pass", resource = { Name = "b" }, inventory = account(all) },
  { name = "approved website", expect = "not_applicable", resource = { Name = "b" }, tags = { PublicWebsite = "approved" }, inventory = account(nil) },
  { name = "denied", expect = "unknown", inventory = account(nil),
    resource = { Name = "b", PublicAccessBlock = unknown("s3:GetBucketPublicAccessBlock", "AccessDenied") } },
  { name = "account denied", expect = "unknown", resource = { Name = "b" },
    inventory = account(unknown("s3control:GetPublicAccessBlock", "AccessDenied")) },
}
