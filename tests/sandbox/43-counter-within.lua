--- Nor for a function inside check.
-- expect: load assigns 'n'
local n = 0

return rule {
  id = "43-counter-within", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function more() n = n + 1 end
    more()
    return pass()
  end,
}
