--- A packed text as long as there are integers.
-- expect: error memory ceiling|too long|too large
return rule {
  id = "47-pack-long", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return string.pack("c" .. math.maxinteger, "x") and pass()
  end,
}
