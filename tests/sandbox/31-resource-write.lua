--- Resources are read-only.
-- expect: error read-only
return rule {
  id = "31-resource-write", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    bucket.Name = "other"
    return pass()
  end,
}
