local trails = { ["AWS::CloudTrail::Trail"] = { { Name = "t", TrailARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t",
  HomeRegion = "us-east-1", S3BucketName = "logs" } } }
return {
  { name = "ordinary bucket", expect = "not_applicable", resource = { Name = "b", Versioning = {} }, inventory = trails },
  { name = "trail bucket", expect = "fail", message = "MFA delete is off", resource = { Name = "logs", Versioning = { Status = "Enabled" } }, inventory = trails },
  { name = "critical", expect = "fail", tags = { Criticality = "high" }, resource = { Name = "b", Versioning = { Status = "Enabled" } }, inventory = trails },
  { name = "on", expect = "pass", resource = { Name = "logs", Versioning = { Status = "Enabled", MFADelete = "Enabled" } }, inventory = trails },
  { name = "denied", expect = "unknown", resource = { Name = "logs", Versioning = unknown("s3:GetBucketVersioning", "AccessDenied") }, inventory = trails },
  { name = "trails denied", expect = "unknown", resource = { Name = "b", Versioning = {} },
    inventory = { ["AWS::CloudTrail::Trail"] = unknown("cloudtrail:DescribeTrails", "AccessDeniedException") } },
}
