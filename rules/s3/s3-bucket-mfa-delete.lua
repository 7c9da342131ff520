--- Buckets with critical data and audit logs must ask for MFA before a version is deleted.
-- A stolen key can then not destroy the versions.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html
return rule {
  id = "s3-bucket-mfa-delete",
  title = "MFA Delete is on for critical buckets",
  severity = "low", pillar = "security",
  resource = "AWS::S3::Bucket",
  needs = { "Versioning", "Tagging" },
  related = { "AWS::CloudTrail::Trail" },
  params = { scope_tag = "Criticality=high" },
  controls = {
    cis = { "3.1.2" },
    fsbp = { "S3.20" },
    nist_800_53_r5 = { "CM-3", "SC-5(2)", "CP-9" },
    soc2 = { "A1.2" },
  },
  check = function(bucket, ctx)
    local critical = ctx.params.scope_tag ~= "" and bucket.tags:has(ctx.params.scope_tag)
    if not critical then
      for _, trail in ipairs(ctx.inventory:each("AWS::CloudTrail::Trail")) do
        critical = critical or trail.S3BucketName == bucket.name
      end
    end
    if not critical then return not_applicable("neither tagged %s nor a trail's bucket", ctx.params.scope_tag) end
    if bucket.Versioning.MFADelete == "Enabled" then return pass() end
    return fail("MFA delete is off")
  end,
}
