--- assert hands on any value.
-- expect: error a table
return rule {
  id = "45-assert-table", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(false, {})
    return pass()
  end,
}
