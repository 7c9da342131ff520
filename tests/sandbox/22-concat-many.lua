--- Concatenation has a ceiling.
-- expect: error too many elements to concatenate
return rule {
  id = "22-concat-many", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    for i = 1, 1000000 do t[i] = i end
    table.concat(t)
    return pass()
  end,
}
