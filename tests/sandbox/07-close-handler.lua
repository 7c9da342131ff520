--- A __close handler would run with hooks off.
-- expect: error global 'setmetatable'
return rule {
  id = "07-close-handler", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local guard <close> = setmetatable({}, { __close = function() while true do end end })
    return pass()
  end,
}
