--- A loop whose steps are lost.
-- expect: error deadline of 50 ms
return rule {
  id = "47-for-floats", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _ = 2.0 ^ 53, 2.0 ^ 54, 0.25 do end
    return pass()
  end,
}
