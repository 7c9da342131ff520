--- A list with something else in it.
-- expect: error a list with a number
return rule {
  id = "50-results-mixed", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    return { pass { subkey = "a" }, 1 }
  end,
}
