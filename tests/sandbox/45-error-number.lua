--- The error value is a number.
-- expect: error a number|12
return rule {
  id = "45-error-number", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    error(12)
    return pass()
  end,
}
