--- A function as a parameter.
-- expect: load function
return rule {
  id = "51-metadata-function", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  params = { x = function() end },
  check = function(bucket, ctx)
    
    return pass()
  end,
}
