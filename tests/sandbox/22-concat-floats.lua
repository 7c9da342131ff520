--- Concatenation polls the deadline.
-- expect: error deadline of 50 ms
return rule {
  id = "22-concat-floats", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    for i = 1, 100000 do t[i] = i + 0.5 end
    while true do table.concat(t, ",", 1, 40000) end
    return pass()
  end,
}
