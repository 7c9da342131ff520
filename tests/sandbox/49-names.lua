--- Twenty thousand different members.
-- expect: fail read|deadline
return rule {
  id = "49-names", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for i = 1, 20000 do local _ = bucket["k" .. i] end
    return fail("read")
  end,
}
