--- A bucket ACL must not grant anything to everybody.
-- ACLs are the oldest way to open a bucket and the one that nobody looks at.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
local function public_grant(acl)
  for _, grant in ipairs(acl.Grants or {}) do
    local uri = grant:path("Grantee.URI")
    if uri and (uri:find("/AllUsers$") or uri:find("/AuthenticatedUsers$")) then
      return grant.Permission, uri:match("[^/]+$")
    end
  end
end

return rule {
  id = "s3-bucket-acl-not-public",
  title = "Bucket ACL has no public grants",
  severity = "critical", pillar = "security",
  resource = "AWS::S3::Bucket",
  needs = { "Acl", "PublicAccessBlock", "AWS::::Account.PublicAccessBlock" },
  related = { "AWS::::Account" },
  controls = {
    fsbp = { "S3.2", "S3.3" },
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  remediation = "s3-set-acl-private",
  check = function(bucket, ctx)
    if bucket.Acl == nil or bucket.Acl.Grants == nil then return unknown("the ACL has no list of grants") end
    local permission, group = public_grant(bucket.Acl)
    if permission == nil then return pass() end
    if bucket:path("PublicAccessBlock.IgnorePublicAcls") then return pass("IgnorePublicAcls is in force") end
    local account = ctx.inventory:get("AWS::::Account", bucket.account)
    if account and account:path("PublicAccessBlock.IgnorePublicAcls") then
      return pass("the account's IgnorePublicAcls is in force")
    end
    return fail("the ACL grants %s to %s", permission, group)
  end,
}
