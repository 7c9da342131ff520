--- Calls that use no stack.
-- expect: error deadline of 50 ms
return rule {
  id = "47-tail-calls", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function f() return f() end
    return f()
  end,
}
