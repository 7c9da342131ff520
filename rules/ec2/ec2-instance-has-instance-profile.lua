--- Running instances must have an instance profile.
-- Without a role, software on the machine is given long-lived keys instead.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
return rule {
  id = "ec2-instance-has-instance-profile",
  title = "Instances use an IAM role",
  severity = "medium", pillar = "security",
  resource = "AWS::EC2::Instance",
  applies = { ["State.Name"] = { "running" } },
  controls = {
    cis = { "2.16" },
    nist_800_53_r5 = { "AC-2", "IA-5" },
    pci_dss_4_0 = { "8.6.1" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC02-BP02" },
  },
  remediation = "ec2-associate-instance-profile",
  check = function(instance)
    if instance.IamInstanceProfile ~= nil then return pass() end
    return fail("no instance profile")
  end,
}
