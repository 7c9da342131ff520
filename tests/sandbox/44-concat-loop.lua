--- A concatenation that grows for ever.
-- expect: error memory ceiling|deadline of 50 ms|too large|overflow
return rule {
  id = "44-concat-loop", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = "x"
    while true do s = s .. s .. s end
    return pass()
  end,
}
