--- Protected calls nest until the stack of C ends.
-- expect: pass
return rule {
  id = "45-pcall-recursion", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local deepest = 0
    local function f(n) deepest = n pcall(f, n + 1) end
    f(1)
    assert(deepest > 100 and deepest < 1000, deepest)
    return pass()
  end,
}
