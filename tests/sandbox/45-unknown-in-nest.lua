--- Nor below ten pcalls.
-- expect: unknown Policy is unknown
return rule {
  id = "45-unknown-in-nest", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  needs = { "Policy" },
  check = function(bucket, ctx)
    local function f(n) if n == 0 then return bucket.Policy.X end return pcall(f, n - 1) end
    f(10)
    return pass()
  end,
}
