--- A JMESPath that doubles its result thirty times meets a ceiling, not the clock.
-- expect: error JMESPath
return rule {
  id = "42-search-explosion", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    local doubled = ("[@,@] | "):rep(30) .. "@" .. ("[]"):rep(30)
    return pass("%d", #bucket:search(doubled))
  end,
}
