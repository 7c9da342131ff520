--- There is no way to compile.
-- expect: error check returned false
return rule {
  id = "45-parser-in-pcall", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return pcall(load, "return 1") and pass()
  end,
}
