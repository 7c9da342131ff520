--- require knows our own modules and nothing else.
-- expect: error there is no module 'os'
return rule {
  id = "02-require-is-a-lookup", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    require("os")
    return pass()
  end,
}
