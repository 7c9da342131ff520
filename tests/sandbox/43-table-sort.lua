--- Sorting changes a table.
-- expect: error read-only
local list = { 3, 1, 2 }

return rule {
  id = "43-table-sort", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    table.sort(list)
    return pass()
  end,
}
