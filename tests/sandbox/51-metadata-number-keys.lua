--- Keys that are numbers.
-- expect: load text keys
return rule {
  id = "51-metadata-number-keys", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  params = { [1.5] = 1 },
  check = function(bucket, ctx)
    
    return pass()
  end,
}
