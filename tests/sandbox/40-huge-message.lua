--- Messages are cut.
-- expect: fail xxx
return rule {
  id = "40-huge-message", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    do return fail(("x"):rep(1000000)) end
    return pass()
  end,
}
