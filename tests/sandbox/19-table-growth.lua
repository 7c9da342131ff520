--- Memory has a ceiling.
-- expect: error memory ceiling of 32 MiB|deadline of 50 ms
return rule {
  id = "19-table-growth", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    for i = 1, 1e9 do t[i] = i end
    return pass()
  end,
}
