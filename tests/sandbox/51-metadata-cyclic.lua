--- Parameters that contain themselves.
-- expect: load nested too deeply
local p = {}
p.p = p

return rule {
  id = "51-metadata-cyclic", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  params = p,
  check = function(bucket, ctx)
    
    return pass()
  end,
}
