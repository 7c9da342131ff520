--- A frozen table is still itself.
-- expect: pass
local key = {}
local names = { [key] = "one" }

return rule {
  id = "43-table-as-key", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(names[key] == "one" and names[{}] == nil)
    return pass()
  end,
}
