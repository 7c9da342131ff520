--- Parameters that are no numbers.
-- expect: load must be finite
return rule {
  id = "51-metadata-nan", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  params = { x = 0 / 0 },
  check = function(bucket, ctx)
    
    return pass()
  end,
}
