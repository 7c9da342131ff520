--- A million short texts.
-- expect: error deadline of 50 ms|memory ceiling
return rule {
  id = "44-strings", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local i = 0
    while true do i = i + 1 local s = "k" .. i end
    return pass()
  end,
}
