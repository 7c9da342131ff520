--- There is no way to a metatable.
-- expect: pass
return rule {
  id = "53-metatables", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert((""):match("") == "" and string.__index == nil and ("").__index == nil and rawget(string, "__index") == nil)
    for _, name in ipairs({ "__index", "__newindex", "__metatable", "__gc", "__len" }) do
      assert(bucket[name] == nil and ctx.params[name] == nil and bucket.List[name] == nil and bucket.tags[name] == nil)
    end
    return pass()
  end,
}
