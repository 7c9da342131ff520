--- pass without a call.
-- expect: error a function
return rule {
  id = "50-result-is-pass", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return pass
  end,
}
