--- A function that multiplies.
-- expect: error longer than
return rule {
  id = "58-gsub-function-bomb", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("x"):rep(1 << 19)
    s:rep(1):gsub("x", function() return s end)
    return pass()
  end,
}
