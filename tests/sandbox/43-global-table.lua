--- A global table of the file likewise.
-- expect: error read-only
cache = {}

return rule {
  id = "43-global-table", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    cache.x = 1
    return pass()
  end,
}
