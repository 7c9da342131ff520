--- A message that is cut inside a character.
-- expect: fail €€€
return rule {
  id = "48-message-long-character", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return fail { message = ("€"):rep(2000) }
  end,
}
