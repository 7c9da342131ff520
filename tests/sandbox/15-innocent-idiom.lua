--- An everyday idiom on hostile data.
-- expect: error too many steps
return rule {
  id = "15-innocent-idiom", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    string.match((" "):rep(10000), "^%s*(.-)%s*x$")
    return pass()
  end,
}
