--- The error value is a resource.
-- expect: error a userdata
return rule {
  id = "45-error-resource", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    error(bucket)
    return pass()
  end,
}
