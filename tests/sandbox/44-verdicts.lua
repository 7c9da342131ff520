--- Verdicts that are kept.
-- expect: error memory ceiling|deadline of 50 ms
return rule {
  id = "44-verdicts", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    while true do t[#t + 1] = fail { subkey = "s" .. #t, message = ("x"):rep(1000) } end
    return pass()
  end,
}
