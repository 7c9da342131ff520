--- Sorting has a ceiling.
-- expect: error too many elements to sort|deadline of 50 ms
return rule {
  id = "13-sort-too-many", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    for i = 1, 100001 do t[i] = i end
    table.sort(t)
    return pass()
  end,
}
