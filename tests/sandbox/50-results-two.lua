--- What is returned behind the first verdict would be lost.
-- expect: error several values
return rule {
  id = "50-results-two", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return pass(), fail("lost")
  end,
}
