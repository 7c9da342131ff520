--- So is making it text.
-- expect: unknown is unknown
return rule {
  id = "45-unknown-as-text", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  needs = { "Policy" },
  check = function(bucket, ctx)
    return tostring(bucket.Policy) and pass()
  end,
}
