--- Results have a ceiling.
-- expect: error too many results to unpack
return rule {
  id = "26-unpack", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    table.unpack({}, 1, 1e8)
    return pass()
  end,
}
