--- What the file set is read-only while checks run.
-- expect: error cannot be set while checks run
counter = 0
return rule {
  id = "30-global-of-the-file", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    counter = counter + 1
    return pass()
  end,
}
