--- No security group may let everything in from the internet.
-- Such a group is no group at all.
-- @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
local sg = require("sg")

return rule {
  id = "sg-no-all-traffic-ingress",
  title = "No rule opens every port to the internet",
  severity = "critical", pillar = "security",
  resource = "AWS::EC2::SecurityGroup",
  controls = {
    cis = { "6.3", "6.4" },
    fsbp = { "EC2.18", "EC2.19" },
    nist_800_53_r5 = { "AC-4", "SC-7", "SC-7(5)" },
    pci_dss_4_0 = { "1.3.1", "1.4.2" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC05-BP02" },
  },
  remediation = "sg-revoke-public-ingress",
  check = function(group)
    local verdicts = {}
    for _, entry in ipairs(sg.open_ingress(group)) do
      if entry.protocol == "-1" or (entry.from == 0 and entry.to == 65535) then
        verdicts[#verdicts + 1] = fail { subkey = entry.label, message = ("every port is open to %s"):format(entry.cidr) }
      end
    end
    return verdicts
  end,
}
