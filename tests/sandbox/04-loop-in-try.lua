--- try does not catch the deadline.
-- expect: error deadline of 50 ms
return rule {
  id = "04-loop-in-try", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    while true do try(function() while true do end end) end
    return pass()
  end,
}
