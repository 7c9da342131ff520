return {
  { name = "enabled", expect = "pass", resource = { Name = "b", Acl = { Grants = {} } } },
  { name = "never", expect = "fail", resource = { Name = "b", Acl = {} } },
  { name = "denied", expect = "unknown", resource = { Name = "b", Acl = unknown("s3:GetBucketAcl", "AccessDenied") } },
  { name = "exempt", expect = "not_applicable", resource = { Name = "b", Acl = {} } },
}
