--- Packing at its edges.
-- expect: pass
return rule {
  id = "47-pack", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _, f in ipairs({ "i17", "i0", "s17", "!17", "X", "j!3", "z" }) do
      assert(not pcall(string.pack, f, 1, 1) or f == "j!3" or f == "z", f)
      assert(not pcall(string.unpack, f, ("\255"):rep(40)) or f == "j!3", f)
    end
    assert(not pcall(string.unpack, "s8", ("\255"):rep(16)) and not pcall(string.unpack, "i4", "x", math.mininteger))
    assert(not pcall(string.packsize, "s") and string.pack(">I3", 258) == "\0\1\2")
    return pass()
  end,
}
