--- Parameters of a mebibyte.
-- expect: load larger than|more than|ceiling|too large|too long
local p = {}
for i = 1, 2000 do p["k" .. i] = ("x"):rep(1000) end

return rule {
  id = "51-metadata-huge", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  params = p,
  check = function(bucket, ctx)
    
    return pass()
  end,
}
