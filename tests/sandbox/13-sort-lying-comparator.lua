--- Sorting ends for any comparator, and polls the deadline.
-- expect: error deadline of 50 ms
return rule {
  id = "13-sort-lying-comparator", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    for i = 1, 100000 do t[i] = i % 977 end
    while true do table.sort(t, function() return true end) end
    return pass()
  end,
}
