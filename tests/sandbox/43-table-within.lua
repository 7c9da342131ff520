--- At any depth.
-- expect: error read-only
local seen = { a = { b = {} } }

return rule {
  id = "43-table-within", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    seen.a.b[#seen.a.b + 1] = bucket.id
    return pass()
  end,
}
