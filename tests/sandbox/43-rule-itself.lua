--- The rule's own table likewise.
-- expect: error 'title' cannot be set
local declared
local function me() return declared end
local t = {
  id = "43-rule-itself", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    me().title = bucket.id
    return pass()
  end,
}
declared = t
return rule(t)
