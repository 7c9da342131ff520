--- Filters that are none.
-- expect: pass
return rule {
  id = "49-inventory", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _, filter in ipairs({ 1, "x", { 1 }, { [true] = 1 }, { Name = {  {} } }, { ["a..b"] = 1 }, { Name = pass } }) do
      assert(not pcall(ctx.inventory.each, ctx.inventory, "AWS::S3::Bucket", filter))
    end
    assert(#ctx.inventory:each("AWS::S3::Bucket", { Name = "b" }) == 1 and not pcall(ctx.inventory.each) and not pcall(ctx.inventory.get, 1, 2, 3))
    assert(not pcall(ctx.inventory.refs, ctx.inventory, 1, "AWS::S3::Bucket") and ctx.inventory:get("AWS::S3::Bucket", ("x"):rep(100000)) == nil)
    return pass()
  end,
}
