--- A hook sits on one thread only.
-- expect: error global 'coroutine'
return rule {
  id = "06-coroutine", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    coroutine.wrap(function() while true do end end)()
    return pass()
  end,
}
