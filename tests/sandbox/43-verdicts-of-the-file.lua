--- A list of verdicts made while loading is still a list of verdicts.
-- expect: fail kept
local kept = { fail { subkey = "a", message = "kept" } }

return rule {
  id = "43-verdicts-of-the-file", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return kept
  end,
}
