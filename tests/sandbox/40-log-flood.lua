--- Log lines are bounded.
-- expect: pass
return rule {
  id = "40-log-flood", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for i = 1, 20000 do ctx.log("line %d", i) end
    return pass()
  end,
}
