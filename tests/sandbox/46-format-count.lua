--- A format that asks for trouble.
-- expect: error invalid conversion
return rule {
  id = "46-format-count", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("%n"):format(1)
    return pass()
  end,
}
