--- Libraries are read-only.
-- expect: error read-only
return rule {
  id = "29-string-library", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.upper = string.lower
    return pass()
  end,
}
