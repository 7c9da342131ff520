--- A message of bytes that are no text.
-- expect: fail a
return rule {
  id = "48-message-bytes", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return fail("a\255\254\0\27[31mb")
  end,
}
