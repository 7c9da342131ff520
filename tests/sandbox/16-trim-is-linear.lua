--- The own trim is not.
-- expect: pass
return rule {
  id = "16-trim-is-linear", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = "x" .. (" "):rep(50000) .. "x"
    assert(s:trim() == s)
    return pass()
  end,
}
