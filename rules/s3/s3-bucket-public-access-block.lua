--- A bucket must block public access, by itself or through its account.
-- The four switches hold whatever an ACL or a policy says, today and after the next change.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
local function missing_flags(block)
  local off = {}
  for _, flag in ipairs { "BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets" } do
    if block == nil or not block[flag] then off[#off + 1] = flag end
  end
  return off
end

return rule {
  id = "s3-bucket-public-access-block",
  title = "Buckets block public access",
  severity = "high", pillar = "security",
  resource = "AWS::S3::Bucket",
  needs = { "PublicAccessBlock", "Tagging", "AWS::::Account.PublicAccessBlock" },
  related = { "AWS::::Account" },
  params = { exempt_tag = "PublicWebsite=approved" },
  controls = {
    cis = { "3.1.4" },
    fsbp = { "S3.8" },
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  remediation = "s3-enable-bucket-public-access-block",
  check = function(bucket, ctx)
    local off = missing_flags(bucket.PublicAccessBlock)
    if #off == 0 then return pass() end
    if ctx.params.exempt_tag ~= "" and bucket.tags:has(ctx.params.exempt_tag) then
      return not_applicable("exempt by tag %s", ctx.params.exempt_tag)
    end
    local account = ctx.inventory:get("AWS::::Account", bucket.account)
    if account and #missing_flags(account.PublicAccessBlock) == 0 then
      return pass("blocked by the account")
    end
    if bucket.PublicAccessBlock == nil then return fail("no public access block") end
    return fail("off: %s", table.concat(off, ", "))
  end,
}
