--- A list with a hole.
-- expect: error not a list
return rule {
  id = "50-results-hole", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return { pass { subkey = "a" }, nil, fail { subkey = "b" } }
  end,
}
