--- Division of integers by nothing.
-- expect: error n//0|divide by zero
return rule {
  id = "47-division", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return 1 // 0 == 0 and pass()
  end,
}
