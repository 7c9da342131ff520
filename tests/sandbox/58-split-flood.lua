--- Pieces without end.
-- expect: error more than 100000 pieces|deadline|memory
return rule {
  id = "58-split-flood", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = ("x,"):rep(200000):split(",")
    return pass()
  end,
}
