--- A table that is filled and emptied.
-- expect: error deadline of 50 ms|memory ceiling
return rule {
  id = "44-holes", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    while true do
      for i = 1, 1000 do t[i] = i end
      for i = 1, 1000 do t[i] = nil end
      t = {}
    end
    return pass()
  end,
}
