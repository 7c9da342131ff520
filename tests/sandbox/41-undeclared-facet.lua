--- A facet that was not collected is not absent.
-- expect: error was not asked for
return rule {
  id = "41-undeclared-facet", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    do return bucket.Versioning == nil and pass() end
    return pass()
  end,
}
