--- Recursion through sort ends in an error.
-- expect: error stack overflow|deadline of 50 ms|memory ceiling of 32 MiB
return rule {
  id = "25-recursion-in-sort", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function f() table.sort({ 2, 1 }, f) return true end
    f()
    return pass()
  end,
}
