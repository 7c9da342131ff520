--- Rules share no globals.
-- expect: error cannot be set while checks run
return rule {
  id = "30-global-leak", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    leaked = true
    return pass()
  end,
}
