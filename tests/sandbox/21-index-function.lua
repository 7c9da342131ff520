--- Raw access only.
-- expect: error global 'setmetatable'
return rule {
  id = "21-index-function", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    table.concat(setmetatable({}, { __index = type, __len = function() return 1e9 end }))
    return pass()
  end,
}
