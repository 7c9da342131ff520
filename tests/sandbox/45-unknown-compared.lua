--- Comparing an unknown part is unknown, whatever it is compared with.
-- expect: unknown is unknown
return rule {
  id = "45-unknown-compared", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  needs = { "Policy" },
  check = function(bucket, ctx)
    return bucket.Policy == bucket.List and pass() or pass()
  end,
}
