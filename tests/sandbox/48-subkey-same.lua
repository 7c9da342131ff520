--- Two that are the same.
-- expect: error two verdicts have the subkey
return rule {
  id = "48-subkey-same", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return { fail { subkey = 1 }, fail { subkey = "1" } }
  end,
}
