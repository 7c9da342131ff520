--- Parameters are read-only.
-- expect: error read-only
return rule {
  id = "31-params-write", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    ctx.params.x = 1
    return pass()
  end,
}
