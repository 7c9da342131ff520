--- Windows file sharing must not be open to the internet.
-- SMB's worms are still about.
-- @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
local sg = require("sg")

return rule {
  id = "sg-no-cifs-from-internet",
  title = "No CIFS/SMB from the internet",
  severity = "critical", pillar = "security",
  resource = "AWS::EC2::SecurityGroup",
  params = { ports = { 139, 445 } },
  controls = {
    cis = { "6.1.2" },
    nist_800_53_r5 = { "AC-4", "SC-7", "SC-7(5)" },
    pci_dss_4_0 = { "1.3.1", "1.4.2" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC05-BP02" },
  },
  remediation = "sg-revoke-public-ingress",
  check = function(group, ctx)
    return sg.fail_open_ports(group, ctx.params.ports, "CIFS")
  end,
}
