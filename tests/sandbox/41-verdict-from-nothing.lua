--- Only pass() passes.
-- expect: error check returned true
return rule {
  id = "41-verdict-from-nothing", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    do return true end
    return pass()
  end,
}
