--- Nothing of a document can be set.
-- expect: pass
return rule {
  id = "49-write-everywhere", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _, t in ipairs({ bucket, bucket.List, bucket.List[1], bucket.Empty, bucket.tags, ctx, ctx.params, ctx.inventory, bucket.doc }) do
      assert(not pcall(function() t.x = 1 end) and not pcall(function() t[1] = 1 end))
      assert(not pcall(table.insert, t, 1) and not pcall(table.remove, t) and not pcall(table.sort, t))
    end
    return pass()
  end,
}
