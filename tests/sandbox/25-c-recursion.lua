--- Recursion through C ends in an error.
-- expect: error stack overflow|deadline of 50 ms|memory ceiling of 32 MiB
return rule {
  id = "25-c-recursion", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function f() return (string.gsub("a", "a", f)) end
    f()
    return pass()
  end,
}
