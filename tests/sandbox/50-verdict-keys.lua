--- Keys that a verdict does not take.
-- expect: error unknown key 'a'
return rule {
  id = "50-verdict-keys", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return fail { z = 1, message = "m", a = 1, k = 1 }
  end,
}
