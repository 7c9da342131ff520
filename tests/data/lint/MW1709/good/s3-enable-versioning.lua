return remediation {
  id = "s3-enable-versioning",
  resource = "AWS::S3::Bucket",
}
