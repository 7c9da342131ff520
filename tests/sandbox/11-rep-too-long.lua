--- A result has a ceiling.
-- expect: error longer than 1048576 bytes
return rule {
  id = "11-rep-too-long", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.rep("x", 1e9)
    return pass()
  end,
}
