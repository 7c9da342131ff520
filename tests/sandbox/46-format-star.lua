--- A format that asks for trouble.
-- expect: error invalid conversion
return rule {
  id = "46-format-star", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("%*d"):format(1, 2)
    return pass()
  end,
}
