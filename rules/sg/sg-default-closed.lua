--- The default security group of a VPC must be empty.
-- Whatever is started without a group gets this one.
-- @see https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
return rule {
  id = "sg-default-closed",
  title = "Default security groups have no rules",
  severity = "high", pillar = "security",
  resource = "AWS::EC2::SecurityGroup",
  controls = {
    cis = { "6.5" },
    fsbp = { "EC2.2" },
    nist_800_53_r5 = { "AC-4", "SC-7", "SC-7(5)" },
    pci_dss_4_0 = { "1.3.1", "1.4.2" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC05-BP02" },
  },
  remediation = "sg-close-default",
  check = function(group)
    if group.GroupName ~= "default" then return not_applicable("not a default group") end
    local inbound, outbound = #(group.IpPermissions or {}), #(group.IpPermissionsEgress or {})
    if inbound + outbound == 0 then return pass() end
    return fail("%d inbound and %d outbound rule(s)", inbound, outbound)
  end,
}
