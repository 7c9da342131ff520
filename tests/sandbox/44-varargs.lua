--- Arguments that grow with each call.
-- expect: error stack overflow|memory ceiling|deadline of 50 ms|too many
return rule {
  id = "44-varargs", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function f(...) return f(1, ...) end
    f()
    return pass()
  end,
}
