--- pcall does not catch an unknown value.
-- expect: unknown Policy is unknown
return rule {
  id = "41-swallowed-unknown", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  needs = { "Policy" },
  check = function(bucket, ctx)
    local ok = pcall(function() return bucket.Policy end)
    do return pass() end
    return pass()
  end,
}
