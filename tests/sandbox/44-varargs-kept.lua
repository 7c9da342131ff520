--- A call that keeps all of them.
-- expect: error stack overflow|memory ceiling|deadline of 50 ms|too many
return rule {
  id = "44-varargs-kept", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function f(...) return 1 + f(..., ...) + select("#", ...) end
    f(table.unpack({ 1, 2, 3, 4 }))
    return pass()
  end,
}
