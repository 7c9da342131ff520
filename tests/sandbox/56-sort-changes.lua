--- A comparator that changes what is sorted.
-- expect: pass
return rule {
  id = "56-sort-changes", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    for i = 1, 100 do t[i] = i end
    pcall(table.sort, t, function(a, b) t[#t + 1] = 1 table.remove(t, 1) return a > b end)
    pcall(table.sort, t, function(a, b) for i = #t, 1, -1 do t[i] = nil end return a < b end)
    return pass()
  end,
}
