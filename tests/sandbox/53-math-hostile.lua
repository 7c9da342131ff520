--- Every function of the library with everything; no message has an address.
-- expect: pass
return rule {
  id = "53-math-hostile", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local values = { false, 0, -1, 1.5, 0 / 0, 1 / 0, math.mininteger, math.maxinteger, "", "x", "%", "[", "%b", "\255\0", ("x"):rep(5000), {},
      { 1, 2 }, { x = {} }, pass, pass(), bucket, bucket.List, ctx, ctx.params, string }
    local function hurl(f, name)
      for i = 1, #values do
        for j = 1, #values, 3 do
          local _, text = pcall(f, values[i] or nil, values[j] or nil, values[(i + j) % #values + 1] or nil)
          assert(type(text) ~= "string" or not text:find("0x%x%x%x%x%x"), name)
        end
      end
    end
    for key, f in pairs(math) do if type(f) == "function" then hurl(f, key) end end
    return pass()
  end,
}
