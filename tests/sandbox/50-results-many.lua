--- A million.
-- expect: error deadline of 50 ms|memory ceiling
return rule {
  id = "50-results-many", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    for i = 1, 1000000 do t[i] = fail { subkey = tostring(i) } end
    return t
  end,
}
