--- Two of them, through pcall.
-- expect: error deadline of 50 ms|memory ceiling
return rule {
  id = "47-mutual-tail-calls", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local a, b
    function a() return b() end
    function b() pcall(error) return a() end
    return a()
  end,
}
