--- Comparators that sort.
-- expect: error overflow|deadline of 50 ms
return rule {
  id = "45-sort-in-sort", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function less(a, b) table.sort({ 2, 1 }, less) return a < b end
    table.sort({ 2, 1 }, less)
    return pass()
  end,
}
