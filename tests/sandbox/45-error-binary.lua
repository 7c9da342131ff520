--- Error text of any bytes becomes one line.
-- expect: error a b
return rule {
  id = "45-error-binary", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    error("a b\0\27[31m\xff\n\n" .. ("x"):rep(100000), 0)
    return pass()
  end,
}
