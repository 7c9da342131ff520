--- ctx is not an empty list.
-- expect: error check returned
return rule {
  id = "50-result-is-ctx", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return ctx
  end,
}
