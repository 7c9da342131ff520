--- Keys that are booleans.
-- expect: load text keys
return rule {
  id = "51-metadata-boolean-keys", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  params = { [true] = 1 },
  check = function(bucket, ctx)
    
    return pass()
  end,
}
