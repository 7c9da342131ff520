--- A format that asks for trouble.
-- expect: error longer than
return rule {
  id = "46-format-flood", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local many = {}
    for i = 1, 250 do many[i] = ("x"):rep(10000) end
    local s = ("%s"):rep(250):format(table.unpack(many))
    return pass()
  end,
}
