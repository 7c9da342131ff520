--- Nor is nil.
-- expect: error index is nil
return rule {
  id = "47-nil-key", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    t[nil] = 1
    return pass()
  end,
}
