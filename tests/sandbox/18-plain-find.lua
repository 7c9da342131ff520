--- A plain search is linear.
-- expect: pass
return rule {
  id = "18-plain-find", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local text = ("a"):rep(1048576)
    assert(string.find(text, ("a"):rep(524287) .. "b", 1, true) == nil)
    return pass()
  end,
}
