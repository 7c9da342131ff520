--- A huge count of nothing is nothing.
-- expect: pass
return rule {
  id = "11-rep-of-nothing", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(string.rep("", 1e18) == "")
    return pass()
  end,
}
