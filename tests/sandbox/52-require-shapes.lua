--- Names that are no modules.
-- expect: pass
return rule {
  id = "52-require-shapes", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _, name in ipairs({ "../net", "net.lua", "/etc/passwd", "", "string", "_G", ("x"):rep(1 << 20), 1, 1.5 }) do
      assert(not pcall(require, name), name)
    end
    assert(not pcall(require) and not pcall(require, {}) and not pcall(require, bucket) and require("net") == require("net"))
    return pass()
  end,
}
