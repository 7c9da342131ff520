--- Every byte of a mebibyte is broken.
-- expect: error deadline of 50 ms|budget used up
return rule {
  id = "48-utf8-flood", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("\255"):rep(1 << 20)
    while true do pcall(utf8.len, s) s:gsub(utf8.charpattern, "") end
    return pass()
  end,
}
