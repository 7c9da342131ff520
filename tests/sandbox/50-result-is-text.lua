--- Text is no verdict.
-- expect: error a string
return rule {
  id = "50-result-is-text", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return "pass"
  end,
}
