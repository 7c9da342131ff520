--- The metatable of strings is out of reach.
-- expect: error global 'getmetatable'
return rule {
  id = "29-string-metatable", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    getmetatable("").__index = {}
    return pass()
  end,
}
