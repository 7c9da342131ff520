--- The account must block public access to S3 as a whole.
-- The account's four switches hold whatever a bucket, an ACL or an access point says.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
return rule {
  id = "s3-account-public-access-block",
  title = "Account-level S3 Block Public Access is on",
  severity = "high", pillar = "security",
  resource = "AWS::::Account",
  needs = { "PublicAccessBlock" },
  controls = {
    cis = { "3.1.4" },
    fsbp = { "S3.1" },
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  remediation = "s3-enable-account-public-access-block",
  check = function(account)
    local block = account.PublicAccessBlock
    if block == nil then return fail("the account has no public access block") end
    local off = {}
    for _, flag in ipairs { "BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets" } do
      if not block[flag] then off[#off + 1] = flag end
    end
    if #off > 0 then return fail("off: %s", table.concat(off, ", ")) end
    return pass()
  end,
}
