--- A step of nothing.
-- expect: error step is zero
return rule {
  id = "47-for-zero", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _ = 1, 2, 0 do end
    return pass()
  end,
}
