--- A thrown pass() is no pass.
-- expect: error the error value is a userdata
return rule {
  id = "28-error-verdict", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    error(pass())
    return pass()
  end,
}
