--- A loop below pcalls that start again.
-- expect: error deadline of 50 ms
return rule {
  id = "45-deadline-in-nest", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function f() while true do pcall(pcall, pcall, function() while true do end end) end end
    while true do pcall(f) end
    return pass()
  end,
}
