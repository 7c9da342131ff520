--- Work at the edge of the ceiling.
-- expect: error memory ceiling|deadline of 50 ms
return rule {
  id = "44-near-the-cap", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local keep = {}
    for i = 1, 28 do keep[i] = ("x"):rep((1 << 20) - i) end
    while true do
      pcall(function() local t = {} for i = 1, 1e6 do t[i] = { tostring(i) } end end)
    end
    return pass()
  end,
}
