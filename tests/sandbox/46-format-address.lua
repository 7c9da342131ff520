--- A format that asks for trouble.
-- expect: error invalid conversion
return rule {
  id = "46-format-address", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("%p"):format({})
    return pass()
  end,
}
