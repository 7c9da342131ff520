--- A constant is one.
-- expect: load attempt to assign to const
return rule {
  id = "53-constant", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local x <const> = 1
    x = 2
    return pass()
  end,
}
