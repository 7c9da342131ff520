--- %b scans from each position.
-- expect: error too many steps
return rule {
  id = "17-balanced", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.find(("("):rep(100000), "%b()")
    return pass()
  end,
}
