--- Positions and numbers out of range.
-- expect: pass
return rule {
  id = "48-utf8-edges", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _, f in ipairs({ function() return utf8.char(-1) end, function() return utf8.char(1 << 40) end,
      function() return utf8.codepoint("x", 1, 9) end, function() return utf8.codepoint("x", math.mininteger) end,
      function() return utf8.offset("x", 1, 99) end, function() return utf8.len("x", 99) end }) do
      assert(not pcall(f))
    end
    assert(utf8.len("\255") == nil and utf8.offset("x", 5) == nil and utf8.char() == "")
    return pass()
  end,
}
