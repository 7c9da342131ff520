--- A mebibyte as values.
-- expect: error slice too long|overflow
return rule {
  id = "44-bytes", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = { ("x"):rep(1 << 20):byte(1, -1) }
    return pass()
  end,
}
