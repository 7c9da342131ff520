return {
  { name = "enabled", expect = "pass", resource = { Name = "b", Versioning = { Status = "Enabled" } } },
  { name = "never", expect = "fail", resource = { Name = "b", Versioning = {} } },
  { name = "denied", expect = "unknown", resource = { Name = "b", Versioning = unknown("s3:GetBucketVersioning", "AccessDenied") } },
  { name = "exempt", expect = "not_applicable", resource = { Name = "b", Versioning = {} } },
}
