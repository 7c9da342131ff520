--- Cycles are frozen once.
-- expect: pass
local a = {}
a.self, a.list = a, { a }

return rule {
  id = "43-cycle", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(a.self.self == a and a.list[1] == a)
    assert(not pcall(function() a.self.x = 1 end))
    return pass()
  end,
}
