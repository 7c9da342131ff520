--- Not a number is no key.
-- expect: error index is NaN
return rule {
  id = "47-nan-key", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    t[0 / 0] = 1
    return pass()
  end,
}
