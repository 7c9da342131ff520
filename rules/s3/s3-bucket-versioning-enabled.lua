--- S3 buckets keep old versions of objects.
-- An overwrite or a deletion cannot be taken back without versions.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
return rule {
  id = "s3-bucket-versioning-enabled",
  title = "Versioning is enabled",
  severity = "medium", pillar = "reliability",
  resource = "AWS::S3::Bucket",
  needs = { "Versioning" },
  params = { exempt_tag = "Ephemeral=true" },
  controls = {
    fsbp = { "S3.14" },
    nist_800_53_r5 = { "CP-9", "CP-10", "SI-12" },
    soc2 = { "A1.2" },
    well_architected = { "REL09-BP03" },
  },
  remediation = "s3-enable-versioning",
  check = function(bucket, ctx)
    if bucket.Versioning.Status == "Enabled" then return pass() end
    if ctx.params.exempt_tag ~= "" and bucket.tags:has(ctx.params.exempt_tag) then
      return not_applicable("exempt by tag %s", ctx.params.exempt_tag)
    end
    return fail("versioning is %s", bucket.Versioning.Status or "never enabled")
  end,
}
