--- Memory has a ceiling.
-- expect: error memory ceiling of 32 MiB|deadline of 50 ms
return rule {
  id = "19-doubling", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = "x"
    while true do s = s .. s end
    return pass()
  end,
}
