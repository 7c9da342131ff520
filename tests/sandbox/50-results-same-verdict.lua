--- One verdict a hundred times.
-- expect: error without a subkey
return rule {
  id = "50-results-same-verdict", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t, v = {}, fail("x")
    for i = 1, 100 do t[i] = v end
    return t
  end,
}
