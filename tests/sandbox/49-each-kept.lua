--- An iterator in use while the caches change.
-- expect: pass
return rule {
  id = "49-each-kept", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local step, n = bucket.List:each("A", { 1, 2, 3 }), 0
    while true do
      for i = 1, 600 do local _ = bucket:path("x" .. n .. "." .. i) end
      if not step() then break end
      n = n + 1
    end
    assert(n == 3 and step() == nil)
    return pass()
  end,
}
