--- A method checks what it is called on.
-- expect: error call it with ':'
return rule {
  id = "32-method-of-text", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    bucket.path("text", "Name")
    return pass()
  end,
}
