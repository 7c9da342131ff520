local function bucket(statement, public)
  return { Name = "b", PolicyStatus = { IsPublic = public or false }, Policy = { Version = "2012-10-17", Statement = { statement } } }
end
return {
  { name = "no policy", expect = "pass", resource = { Name = "b" } },
  { name = "another account", expect = "pass", resource = bucket { Effect = "Allow",
      Principal = { AWS = "arn:aws:iam::444455556666:root" }, Action = "s3:GetObject", Resource = "arn:aws:s3:::b/*" } },
  { name = "anybody", expect = "fail", message = "'Web' of the bucket policy", resource = bucket { Sid = "Web", Effect = "Allow",
      Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::b/*" } },
  { name = "anybody in the organization", expect = "pass", resource = bucket { Effect = "Allow", Principal = "*",
      Action = "s3:GetObject", Resource = "arn:aws:s3:::b/*", Condition = { StringEquals = { ["aws:PrincipalOrgID"] = "o-1" } } } },
  { name = "from any address", expect = "fail", resource = bucket { Effect = "Allow", Principal = { AWS = "*" },
      Action = "s3:GetObject", Resource = "arn:aws:s3:::b/*", Condition = { IpAddress = { ["aws:SourceIp"] = "0.0.0.0/0" } } } },
  { name = "AWS says so", expect = "fail", message = "AWS calls", resource = bucket({ Effect = "Allow",
      Principal = { AWS = "arn:aws:iam::444455556666:root" }, Action = "s3:GetObject", Resource = "arn:aws:s3:::b/*" }, true) },
  { name = "denied", expect = "unknown", resource = { Name = "b", Policy = unknown("s3:GetBucketPolicy", "AccessDenied") } },
}
