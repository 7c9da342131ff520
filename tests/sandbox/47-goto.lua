--- A jump back.
-- expect: error deadline of 50 ms
return rule {
  id = "47-goto", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    ::again::
    goto again
    return pass()
  end,
}
