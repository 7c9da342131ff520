--- A hundred thousand reads before a failure.
-- expect: fail read
return rule {
  id = "49-evidence-flood", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for i = 1, 20000 do local _ = bucket.List[i % 3 + 1].A end
    return fail("read")
  end,
}
