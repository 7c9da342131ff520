--- Ten thousand functions are examined in time.
-- expect: pass
local all = {}
for i = 1, 10000 do all[i] = function() return i end end

return rule {
  id = "43-many-functions", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(all[10000]() == 10000)
    return pass()
  end,
}
