--- A format that asks for trouble.
-- expect: error no value
return rule {
  id = "46-format-missing", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("%s"):rep(300):format(table.unpack({ 1, 2, 3 }))
    return pass()
  end,
}
