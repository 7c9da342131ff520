--- After it only the end is left.
-- expect: unknown Policy is unknown
return rule {
  id = "45-unknown-then-loop", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  needs = { "Policy" },
  check = function(bucket, ctx)
    pcall(function() return bucket.Policy.X end)
    for _ = 1, 10 do pcall(function() return try(function() return 1 end) end) end
    return pass()
  end,
}
