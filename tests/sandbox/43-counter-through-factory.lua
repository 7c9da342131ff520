--- Nor a local of a function that ran while the file loaded.
-- expect: load assigns 'n'
local function counter()
  local n = 0
  return function() n = n + 1 return n end
end
local next_number = counter()

return rule {
  id = "43-counter-through-factory", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return next_number() < 0 and fail("n") or pass()
  end,
}
