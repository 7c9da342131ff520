--- Subkeys are bounded.
-- expect: error at most 256 bytes
return rule {
  id = "40-huge-subkey", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    do return fail { subkey = ("x"):rep(1000) } end
    return pass()
  end,
}
