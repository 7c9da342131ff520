--- A message handler would run with hooks off.
-- expect: error global 'xpcall'
return rule {
  id = "05-xpcall", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local function loop() while true do end end
    xpcall(loop, loop)
    return pass()
  end,
}
