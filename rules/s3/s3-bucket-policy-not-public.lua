--- A bucket policy must not let the world in.
-- Most leaks of customer data began with a bucket that anybody could read.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
local policy = require("policy")

return rule {
  id = "s3-bucket-policy-not-public",
  title = "Bucket policy does not grant public access",
  severity = "critical", pillar = "security",
  resource = "AWS::S3::Bucket",
  needs = { "PolicyStatus", "Policy" },
  controls = {
    cis = { "2.21" },
    fsbp = { "S3.2", "S3.3" },
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  remediation = "s3-remove-public-policy-statements",
  check = function(bucket)
    if bucket.Policy == nil then return pass() end
    local open = policy.public_statements(bucket.Policy)
    if #open > 0 then return fail("%s of the bucket policy is for anybody", policy.name(open[1])) end
    -- AWS's own verdict counts as well: it knows forms that the document alone does not show.
    if bucket:path("PolicyStatus.IsPublic") then return fail("AWS calls the bucket policy public") end
    return pass()
  end,
}
