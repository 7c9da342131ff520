--- A formatted text has a ceiling.
-- expect: error longer than 1048576 bytes
return rule {
  id = "27-format-long", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.format(("%s"):rep(100), table.unpack({ ("x"):rep(20000), ("x"):rep(1048576) }, 1, 2))
    return pass()
  end,
}
