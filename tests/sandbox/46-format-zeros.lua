--- A format that asks for trouble.
-- expect: error contains zeros
return rule {
  id = "46-format-zeros", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("%10s"):format("a\0b")
    return pass()
  end,
}
