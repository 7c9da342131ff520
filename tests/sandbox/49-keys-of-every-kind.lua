--- A document is indexed by whatever there is.
-- expect: pass
return rule {
  id = "49-keys-of-every-kind", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for _, key in ipairs({ 1, -1, 0, 1.5, 0 / 0, math.mininteger, math.maxinteger, true, {}, bucket, pass, pass(), "" }) do
      local v = bucket.List[key]
      assert(v == nil or key == 1)
      assert(bucket.Empty[key] == nil and (bucket[key] == nil))
    end
    assert(bucket[nil] == nil and #bucket.Empty == 0)
    return pass()
  end,
}
