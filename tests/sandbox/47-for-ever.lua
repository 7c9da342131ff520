--- A loop to infinity.
-- expect: error deadline of 50 ms
return rule {
  id = "47-for-ever", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _ = 1, math.huge do end
    return pass()
  end,
}
