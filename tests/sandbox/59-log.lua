--- What is logged may be anything.
-- expect: pass
return rule {
  id = "59-log", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local long = ("x"):rep(1 << 20)
    for _ = 1, 12 do
      ctx.log("\27[31m\0\255%s %d %s", bucket, "x", ctx)
      ctx.log(long)
    end
    assert(not pcall(ctx.log) and not pcall(ctx.log, {}) and not pcall(ctx.log, "%n"))
    return pass()
  end,
}
