--- A member with a name of a mebibyte.
-- expect: fail read
return rule {
  id = "49-long-name", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(bucket[("x"):rep(1 << 20)] == nil)
    return fail("read")
  end,
}
