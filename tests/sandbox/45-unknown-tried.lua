--- try in pcall in try: the cause comes out where it is asked for.
-- expect: pass
return rule {
  id = "45-unknown-tried", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  needs = { "Policy" },
  check = function(bucket, ctx)
    local ok, value, cause = pcall(try, function() return bucket.Policy.X end)
    assert(ok and value == nil and cause.code == "Denied")
    return pass()
  end,
}
