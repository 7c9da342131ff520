--- A bucket policy must refuse requests without TLS.
-- S3 still answers plain HTTP; only a Deny on aws:SecureTransport stops it.
-- @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
local policy = require("policy")

local function refuses_plain_http(statement)
  for _, c in ipairs(statement.conditions) do
    if c.key == "aws:securetransport" and c.operator:lower():find("^bool") then
      for _, value in ipairs(c.values) do
        if value:lower() == "false" then return #statement.conditions == 1 end
      end
    end
  end
  return false
end

-- Does a list of resource patterns hold this ARN?
local function names(statement, arn)
  return statement.resources ~= nil and policy.any_like(statement.resources, arn, true)
end

return rule {
  id = "s3-bucket-denies-insecure-transport",
  title = "Bucket policy denies plain HTTP",
  severity = "medium", pillar = "security",
  resource = "AWS::S3::Bucket",
  needs = { "Policy" },
  controls = {
    cis = { "3.1.1" },
    fsbp = { "S3.5" },
    nist_800_53_r5 = { "SC-8", "SC-8(1)", "SC-13", "SC-23" },
    pci_dss_4_0 = { "4.2.1" },
    soc2 = { "CC6.7" },
    well_architected = { "SEC09-BP02" },
  },
  remediation = "s3-require-secure-transport",
  check = function(bucket)
    local arn = bucket.arn
    local on_bucket, on_objects = false, false
    for _, s in ipairs(policy.statements(bucket.Policy)) do
      if s.effect == "Deny" and policy.anybody(s) and policy.has_action(s, "s3:*") and refuses_plain_http(s) then
        on_bucket = on_bucket or names(s, arn)
        on_objects = on_objects or names(s, arn .. "/*")
      end
    end
    if on_bucket and on_objects then return pass() end
    if bucket.Policy == nil then return fail("no bucket policy refuses requests without TLS") end
    if on_bucket then return fail("requests without TLS are refused for the bucket, not for its objects") end
    if on_objects then return fail("requests without TLS are refused for the objects, not for the bucket") end
    return fail("the bucket policy does not refuse requests without TLS")
  end,
}
