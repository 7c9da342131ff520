--- The error value is a function.
-- expect: error a function
return rule {
  id = "45-error-function", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    error(function() end)
    return pass()
  end,
}
