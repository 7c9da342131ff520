--- Positions at the edges of integers.
-- expect: pass
return rule {
  id = "47-positions", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local low, high = math.mininteger, math.maxinteger
    assert(("x"):sub(low, high) == "x" and ("x"):rep(low) == "" and ("x"):byte(high) == nil and ("x"):find("x", low) == 1)
    assert(("x"):find("x", high) == nil and ("x"):match("x", low) == "x" and select("#", table.unpack({}, high, low)) == 0)
    for _, f in ipairs({ function() return ("x"):rep(high) end, function() return table.unpack({}, low, high) end,
      function() return table.concat({}, "", low, high) end, function() return (select(low, 1)) end,
      function() return utf8.char(low) end, function() return table.insert({}, high, 1) end,
      function() return table.remove({}, low) end, function() return ("x"):rep(high, "y") end }) do
      assert(not pcall(f))
    end
    return pass()
  end,
}
