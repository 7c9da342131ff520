--- The error value is a verdict.
-- expect: error a userdata
return rule {
  id = "45-error-verdict", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    error(pass())
    return pass()
  end,
}
