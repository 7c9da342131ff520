--- The error value is a boolean.
-- expect: error a boolean
return rule {
  id = "45-error-boolean", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    error(true)
    return pass()
  end,
}
