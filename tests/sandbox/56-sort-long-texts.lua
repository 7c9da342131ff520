--- Sorting texts that take long to compare.
-- expect: error deadline of 50 ms
return rule {
  id = "56-sort-long-texts", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s, t = ("x"):rep(1 << 20), {}
    for i = 1, 100000 do t[i] = s end
    table.sort(t)
    return pass()
  end,
}
