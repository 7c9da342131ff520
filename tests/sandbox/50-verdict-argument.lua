--- A verdict of a function.
-- expect: error text or a table
return rule {
  id = "50-verdict-argument", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return fail(pass)
  end,
}
