local function bucket(change)
  local s = { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = { "arn:aws:s3:::b", "arn:aws:s3:::b/*" },
              Condition = { Bool = { ["aws:SecureTransport"] = "false" } } }
  for k, v in pairs(change or {}) do s[k] = v end
  return { Name = "b", Policy = { Version = "2012-10-17", Statement = { s } } }
end
return {
  { name = "refused", expect = "pass", resource = bucket() },
  { name = "a boolean, AWS star", expect = "pass", resource = bucket { Principal = { AWS = "*" }, Condition = { Bool = { ["aws:SecureTransport"] = false } } } },
  { name = "no policy", expect = "fail", message = "no bucket policy", resource = { Name = "b" } },
  { name = "objects only", expect = "fail", message = "not for the bucket", resource = bucket { Resource = "arn:aws:s3:::b/*" } },
  { name = "bucket only", expect = "fail", message = "not for its objects", resource = bucket { Resource = "arn:aws:s3:::b" } },
  { name = "all resources", expect = "pass", resource = bucket { Resource = "*" } },
  { name = "reads only", expect = "fail", resource = bucket { Action = "s3:GetObject" } },
  { name = "an allow", expect = "fail", resource = bucket { Effect = "Allow" } },
  { name = "the wrong way round", expect = "fail", resource = bucket { Condition = { Bool = { ["aws:SecureTransport"] = "true" } } } },
  { name = "only from one network", expect = "fail", resource = bucket { Condition = {
      Bool = { ["aws:SecureTransport"] = "false" }, IpAddress = { ["aws:SourceIp"] = "10.0.0.0/8" } } } },
  { name = "denied", expect = "unknown", resource = { Name = "b", Policy = unknown("s3:GetBucketPolicy", "AccessDenied") } },
}
