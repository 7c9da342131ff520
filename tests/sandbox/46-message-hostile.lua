--- A message takes what it is given.
-- expect: fail 12 nil bucket nil
return rule {
  id = "46-message-hostile", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return fail("%d %s %s %d", "12", nil, "bucket")
  end,
}
