--- A format that asks for trouble.
-- expect: pass
return rule {
  id = "46-format-long-width", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("%0000000001d"):format(1)
    return pass()
  end,
}
