--- A thousand tables in each other.
-- expect: load nested too deeply
local p = {}
for _ = 1, 1000 do p = { p = p } end

return rule {
  id = "51-metadata-deep", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  params = p,
  check = function(bucket, ctx)
    
    return pass()
  end,
}
