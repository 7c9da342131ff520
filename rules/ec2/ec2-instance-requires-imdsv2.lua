--- EC2 instances must require IMDSv2.
-- A server-side request forgery can read role credentials through IMDSv1.
-- @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
return rule {
  id = "ec2-instance-requires-imdsv2",
  title = "Instances require IMDSv2",
  severity = "high", pillar = "security",
  resource = "AWS::EC2::Instance",
  applies = { ["State.Name"] = { "pending", "running", "stopping", "stopped" } },
  controls = {
    cis = { "6.7" },
    fsbp = { "EC2.8" },
    nist_800_53_r5 = { "CM-6", "CM-7", "AC-6" },
    pci_dss_4_0 = { "2.2.1", "2.2.4" },
    soc2 = { "CC6.8" },
    well_architected = { "SEC06-BP02" },
  },
  remediation = "ec2-require-imdsv2",
  check = function(instance)
    local m = instance.MetadataOptions
    if m == nil then return unknown("the instance has no MetadataOptions") end
    if m.HttpEndpoint == "disabled" or m.HttpTokens == "required" then return pass() end
    return fail("IMDSv1 is allowed (HttpTokens is %s)", m.HttpTokens)
  end,
}
