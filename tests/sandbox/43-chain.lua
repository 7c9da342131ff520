--- A chain of ten thousand tables takes no stack.
-- expect: pass
local chain = {}
for _ = 1, 10000 do chain = { next = chain } end

return rule {
  id = "43-chain", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local n, t = 0, chain
    while t do n, t = n + 1, t.next end
    assert(n == 10001, n)
    return pass()
  end,
}
