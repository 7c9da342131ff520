--- Modules are read-only.
-- expect: error read-only
return rule {
  id = "30-module-write", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    require("time").now = nil
    return pass()
  end,
}
