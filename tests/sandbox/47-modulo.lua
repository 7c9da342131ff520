--- And its rest.
-- expect: error n%%0|n%0
return rule {
  id = "47-modulo", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return 1 % 0 == 0 and pass()
  end,
}
