--- A replacement that multiplies.
-- expect: error longer than
return rule {
  id = "58-gsub-bomb", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    ("x"):rep(100000):gsub(".+", ("%0"):rep(1000))
    return pass()
  end,
}
