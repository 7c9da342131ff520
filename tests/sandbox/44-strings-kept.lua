--- Texts that are kept.
-- expect: error memory ceiling|deadline of 50 ms
return rule {
  id = "44-strings-kept", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t, s = {}, ("x"):rep(1 << 20)
    while true do t[#t + 1] = s .. #t end
    return pass()
  end,
}
