--- The collector is out of reach.
-- expect: error global 'collectgarbage'
return rule {
  id = "34-collectgarbage", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    collectgarbage("stop")
    return pass()
  end,
}
