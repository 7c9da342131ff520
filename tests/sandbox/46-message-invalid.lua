--- But not every conversion.
-- expect: error invalid conversion
return rule {
  id = "46-message-invalid", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return fail("%n", 1)
  end,
}
