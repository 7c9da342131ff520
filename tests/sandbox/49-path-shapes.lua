--- Paths that are none.
-- expect: pass
return rule {
  id = "49-path-shapes", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _, path in ipairs({ "", ".", "a..b", "a.", ".a", ("a."):rep(100) .. "a", false, {}, bucket, "a.b\0.." }) do
      assert(not pcall(bucket.path, bucket, path or nil), path)
    end
    assert(bucket:path("a\0b") == nil and not pcall(bucket.path) and not pcall(bucket.path, "x", "y") and not pcall(bucket.path, ctx, "y"))
    return pass()
  end,
}
