--- Old versions of objects are kept.
-- An overwrite cannot be taken back without them.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
return rule {
  id = "example", title = "Versioning is enabled", severity = "medium",
  resource = "AWS::S3::Bucket",
  needs = { "Versioning" },
  applies = { ["Versioning.Status"] = { "Enabled" } },
  check = function(bucket)
    if bucket.Versioning.Status == "Enabled" then return pass() end
    return fail("versioning is %s", bucket.Versioning.Status)
  end,
}
