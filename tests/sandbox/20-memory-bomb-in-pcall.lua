--- pcall does not catch the ceiling.
-- expect: error memory ceiling of 32 MiB|deadline of 50 ms
return rule {
  id = "20-memory-bomb-in-pcall", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local keep = {}
    while true do pcall(function() for i = 1, 1e9 do keep[#keep + 1] = { i } end end) end
    return pass()
  end,
}
