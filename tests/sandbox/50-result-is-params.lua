--- Nor are the parameters.
-- expect: error check returned
return rule {
  id = "50-result-is-params", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return ctx.params
  end,
}
