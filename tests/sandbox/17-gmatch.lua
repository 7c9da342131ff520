--- gmatch has the budget too.
-- expect: error too many steps
return rule {
  id = "17-gmatch", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _ in string.gmatch(("a"):rep(100000), ".-b") do end
    return pass()
  end,
}
