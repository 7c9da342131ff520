--- An environment of the file's own is as read-only.
-- expect: error 'n' cannot be set
local _ENV = { rule = rule, pass = pass }

return rule {
  id = "43-own-environment", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    n = 1
    return pass()
  end,
}
