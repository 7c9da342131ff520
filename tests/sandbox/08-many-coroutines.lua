--- Many small coroutines.
-- expect: error global 'coroutine'
return rule {
  id = "08-many-coroutines", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for i = 1, 1e9 do coroutine.create(function() end) end
    return pass()
  end,
}
