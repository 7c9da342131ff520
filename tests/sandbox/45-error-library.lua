--- The error value is a library.
-- expect: error a table
return rule {
  id = "45-error-library", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    error(string)
    return pass()
  end,
}
