return {
  { name = "enabled", expect = "pass", resource = { Name = "b", Versioning = { Status = "Enabled" } } },
  { name = "never enabled", expect = "fail", message = "never enabled", resource = { Name = "b", Versioning = {} } },
  { name = "suspended", expect = "fail", message = "Suspended", resource = { Name = "b", Versioning = { Status = "Suspended" } } },
  { name = "exempt", expect = "not_applicable", tags = { Ephemeral = "true" }, resource = { Name = "b", Versioning = {} } },
  { name = "denied", expect = "unknown", resource = { Name = "b", Versioning = unknown("s3:GetBucketVersioning", "AccessDenied") } },
}
