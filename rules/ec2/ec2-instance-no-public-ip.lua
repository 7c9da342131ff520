--- EC2 instances must have no public address, but for those meant to face the internet.
-- What has no public address cannot be scanned.
-- @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html
return rule {
  id = "ec2-instance-no-public-ip",
  title = "Instances have no public IPv4 address",
  severity = "high", pillar = "security",
  resource = "AWS::EC2::Instance",
  applies = { ["State.Name"] = { "pending", "running", "stopping", "stopped" } },
  params = { exempt_tag = "Tier=public" },
  controls = {
    fsbp = { "EC2.9" },
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  check = function(instance, ctx)
    local address = instance.PublicIpAddress
    for _, interface in ipairs(instance.NetworkInterfaces or {}) do
      address = address or interface:path("Association.PublicIp")
    end
    if address == nil then return pass() end
    if ctx.params.exempt_tag ~= "" and instance.tags:has(ctx.params.exempt_tag) then
      return not_applicable("exempt by tag %s", ctx.params.exempt_tag)
    end
    return fail("public address %s", address)
  end,
}
