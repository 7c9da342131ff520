--- The environment stays the one that was sealed.
-- expect: load assigns '_ENV'
return rule {
  id = "43-environment-swap", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    _ENV = { pass = pass }
    return pass()
  end,
}
