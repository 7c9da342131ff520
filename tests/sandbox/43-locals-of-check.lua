--- Counting inside one evaluation is what locals are for.
-- expect: pass
return rule {
  id = "43-locals-of-check", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local n = 0
    local function more() n = n + 1 end
    for _ in bucket.List:each() do more() end
    assert(n == 3)
    return pass()
  end,
}
