--- gsub spends one budget over the whole text.
-- expect: error too many steps
return rule {
  id = "17-gsub-quadratic", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.gsub(("a"):rep(100000), ".-b", "")
    return pass()
  end,
}
