--- An iterator that goes on in the next evaluation.
-- expect: load iterator
local it = ("a b c"):gmatch("%a")

return rule {
  id = "43-iterator", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return it() and pass() or fail("used up")
  end,
}
