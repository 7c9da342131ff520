--- Levels that do not exist.
-- expect: error x
return rule {
  id = "45-error-level", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    pcall(error, "y", math.maxinteger)
    error("x", 1000000)
    return pass()
  end,
}
