--- Nor in a replacement.
-- expect: unknown Policy is unknown
return rule {
  id = "45-unknown-in-gsub", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  needs = { "Policy" },
  check = function(bucket, ctx)
    pcall(string.gsub, "x", "x", function() return bucket.Policy.X end)
    return pass()
  end,
}
