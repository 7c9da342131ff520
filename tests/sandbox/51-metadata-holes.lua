--- Lists with holes.
-- expect: load either a list
return rule {
  id = "51-metadata-holes", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  params = { [1] = 1, [3] = 3, x = 2 },
  check = function(bucket, ctx)
    
    return pass()
  end,
}
