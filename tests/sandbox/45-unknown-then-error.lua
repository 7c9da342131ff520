--- An error behind an unknown value does not hide it.
-- expect: unknown Policy is unknown
return rule {
  id = "45-unknown-then-error", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  needs = { "Policy" },
  check = function(bucket, ctx)
    pcall(function() return bucket.Policy.X end)
    error("something else")
    return pass()
  end,
}
