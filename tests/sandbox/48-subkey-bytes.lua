--- Two subkeys that would be the same once repaired.
-- expect: error UTF-8
return rule {
  id = "48-subkey-bytes", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return { fail { subkey = "\255" }, fail { subkey = "\254" } }
  end,
}
