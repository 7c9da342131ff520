--- Old versions of objects are kept.
-- An overwrite cannot be taken back without them.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
return rule {
  id = "example", title = "Versioning is enabled", severity = "medium",
  resource = "AWS::S3::Bucket",
  needs = { "Versioning" },
  check = function(bucket, ctx)
    if os.time() > 0 and bucket.Versioning.Status == "Enabled" then return pass() end
    return fail("versioning is %s", bucket.Versioning.Status)
  end,
}
