--- A loop at the last integer ends.
-- expect: pass
return rule {
  id = "47-for-edge", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local n = 0
    for _ = math.maxinteger - 1, math.maxinteger do n = n + 1 end
    for _ = math.mininteger, math.mininteger + 2 do n = n + 1 end
    for _ = 1, 0 do n = n + 1 end
    assert(n == 5)
    return pass()
  end,
}
