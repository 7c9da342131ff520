--- Two subkeys that would be the same once cut.
-- expect: error UTF-8
return rule {
  id = "48-subkey-nul", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return { fail { subkey = "a\0b" }, fail { subkey = "a\0c" } }
  end,
}
