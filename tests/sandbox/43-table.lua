--- A table of the file is read-only.
-- expect: error 'last' cannot be set
local seen = {}

return rule {
  id = "43-table", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    seen.last = bucket.id
    return pass()
  end,
}
