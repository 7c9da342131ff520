--- Raw access does not write into libraries.
-- expect: error read-only
return rule {
  id = "29-insert-into-library", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    table.insert(string, 1)
    return pass()
  end,
}
