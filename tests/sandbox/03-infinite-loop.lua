--- A loop meets the soft deadline.
-- expect: error deadline of 50 ms
return rule {
  id = "03-infinite-loop", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    while true do end
    return pass()
  end,
}
