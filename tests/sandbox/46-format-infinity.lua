--- A format that asks for trouble.
-- expect: error no integer representation
return rule {
  id = "46-format-infinity", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("%d"):format(1 / 0)
    return pass()
  end,
}
