--- Widths are refused.
-- expect: error invalid conversion
return rule {
  id = "27-format-width", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.format("%99999d", 1)
    return pass()
  end,
}
