--- Functions that are kept.
-- expect: error memory ceiling|deadline of 50 ms
return rule {
  id = "44-closures", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local t = {}
    while true do local x = #t t[#t + 1] = function() return x, t end end
    return pass()
  end,
}
