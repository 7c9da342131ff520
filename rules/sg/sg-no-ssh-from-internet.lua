--- SSH must not be open to the internet.
-- An open port 22 is found within minutes and attacked for ever.
-- @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
local sg = require("sg")

return rule {
  id = "sg-no-ssh-from-internet",
  title = "No SSH from the internet",
  severity = "critical", pillar = "security",
  resource = "AWS::EC2::SecurityGroup",
  params = { port = 22 },
  controls = {
    cis = { "6.3", "6.4" },
    fsbp = { "EC2.13" },
    nist_800_53_r5 = { "AC-4", "SC-7", "SC-7(5)" },
    pci_dss_4_0 = { "1.3.1", "1.4.2" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC05-BP02" },
  },
  remediation = "sg-revoke-public-ingress",
  check = function(group, ctx)
    return sg.fail_open_ports(group, { ctx.params.port }, "SSH")
  end,
}
