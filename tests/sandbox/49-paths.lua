--- Ten thousand different paths.
-- expect: fail read|deadline
return rule {
  id = "49-paths", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for i = 1, 5000 do local _ = bucket:path("A" .. i .. ".B.C.D.E") end
    return fail("read")
  end,
}
