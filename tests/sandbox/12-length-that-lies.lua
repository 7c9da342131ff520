--- There is no __len to lie with.
-- expect: error global 'setmetatable'
return rule {
  id = "12-length-that-lies", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    table.remove(setmetatable({}, { __len = function() return 1e15 end }), 1)
    return pass()
  end,
}
