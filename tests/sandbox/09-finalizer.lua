--- A finalizer would run with hooks off.
-- expect: error global 'setmetatable'
return rule {
  id = "09-finalizer", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    setmetatable({}, { __gc = function() while true do end end })
    return pass()
  end,
}
