--- An unknown value in a comparator is not swallowed by pcall.
-- expect: unknown Policy is unknown
return rule {
  id = "45-unknown-in-comparator", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  needs = { "Policy" },
  check = function(bucket, ctx)
    pcall(table.sort, { 2, 1 }, function() return bucket.Policy.X end)
    return pass()
  end,
}
