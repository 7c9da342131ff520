--- A list that is used up would be memory.
-- expect: error read-only
local list = { 1, 2, 3 }

return rule {
  id = "43-table-remove", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    table.remove(list)
    return pass()
  end,
}
