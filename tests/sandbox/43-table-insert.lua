--- Raw access finds it read-only too.
-- expect: error read-only
local seen = {}

return rule {
  id = "43-table-insert", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    table.insert(seen, bucket.id)
    return pass()
  end,
}
