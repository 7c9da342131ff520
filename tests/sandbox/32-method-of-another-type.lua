--- A method checks what it is called on.
-- expect: error call it with ':'
return rule {
  id = "32-method-of-another-type", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    bucket.path(pass(), "Name")
    return pass()
  end,
}
