--- Wherever it is kept.
-- expect: load iterator
local kept = { { it = pairs({ 1, 2, 3 }) } }

return rule {
  id = "43-iterator-in-table", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return kept[1].it() and pass() or fail("used up")
  end,
}
