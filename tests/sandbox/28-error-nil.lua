--- Error values are described, never converted.
-- expect: error the error value is a nil
return rule {
  id = "28-error-nil", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    error(nil)
    return pass()
  end,
}
