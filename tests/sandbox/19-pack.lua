--- string.pack meets the ceiling.
-- expect: error memory ceiling of 32 MiB|deadline of 50 ms
return rule {
  id = "19-pack", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.pack("c1000000000", "")
    return pass()
  end,
}
