--- A verdict as a parameter.
-- expect: load only text
return rule {
  id = "51-metadata-verdict", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  params = { x = pass() },
  check = function(bucket, ctx)
    
    return pass()
  end,
}
