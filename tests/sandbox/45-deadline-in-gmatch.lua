--- A loop in what an iterator is asked for.
-- expect: error deadline of 50 ms
return rule {
  id = "45-deadline-in-gmatch", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    for a in ("x"):rep(1000):gmatch("x") do for b in ("x"):rep(1000):gmatch("x") do end end
    while true do end
    return pass()
  end,
}
