--- Tags of a resource that has none.
-- expect: pass
return rule {
  id = "49-tags", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local tags = bucket.tags
    assert(tags:get("x") == nil and not tags:has("x=y") and not tags:has(nil) and not tags:has("") and not tags:has("="))
    assert(not pcall(tags.get, tags) and not pcall(tags.get, bucket.List, "x") and not pcall(tags.has, 1))
    return pass()
  end,
}
