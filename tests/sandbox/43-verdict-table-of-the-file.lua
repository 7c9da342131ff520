--- So is the table that one is made of.
-- expect: fail kept
local what = { message = "kept" }

return rule {
  id = "43-verdict-table-of-the-file", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return fail(what)
  end,
}
