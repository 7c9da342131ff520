--- Each comparison is bounded by the length ceiling.
-- expect: error deadline of 50 ms
return rule {
  id = "23-comparing-long-strings", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local a, b = ("x"):rep(1048575) .. "a", ("x"):rep(1048575) .. "b"
    while a < b do end
    return pass()
  end,
}
