--- A local of the file is no memory.
-- expect: load assigns 'n'
local n = 0

return rule {
  id = "43-counter", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    n = n + 1
    return pass()
  end,
}
