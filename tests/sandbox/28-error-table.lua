--- Error values are described, never converted.
-- expect: error the error value is a table
return rule {
  id = "28-error-table", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    error({ message = "pass" })
    return pass()
  end,
}
