--- Thousands of different expressions are compiled and forgotten.
-- expect: error deadline of 50 ms
return rule {
  id = "42-search-many", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for i = 1, 1e9 do bucket:search("a" .. i) end
    return pass()
  end,
}
