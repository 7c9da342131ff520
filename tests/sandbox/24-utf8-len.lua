--- Each call is bounded by the length ceiling.
-- expect: error deadline of 50 ms
return rule {
  id = "24-utf8-len", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local s = ("x"):rep(1048576)
    while utf8.len(s) > 0 do end
    return pass()
  end,
}
