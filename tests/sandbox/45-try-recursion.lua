--- try nests as pcall does.
-- expect: error overflow
return rule {
  id = "45-try-recursion", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function f() return try(f) end
    f()
    return pass()
  end,
}
