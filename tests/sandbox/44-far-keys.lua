--- Keys far apart.
-- expect: pass
return rule {
  id = "44-far-keys", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    for i = 0, 62 do t[1 << i] = i end
    t[math.mininteger], t[math.maxinteger], t[2 ^ 53] = 1, 2, 3
    local n = 0
    for _ in pairs(t) do n = n + 1 end
    assert(n == 65, n)
    return pass()
  end,
}
