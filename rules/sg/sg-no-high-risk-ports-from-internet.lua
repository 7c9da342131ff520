--- Databases, caches and administration ports must not be open to the internet.
-- These services trust their network; the internet is not one to trust.
-- @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
local sg = require("sg")

return rule {
  id = "sg-no-high-risk-ports-from-internet",
  title = "No high-risk port from the internet",
  severity = "high", pillar = "security",
  resource = "AWS::EC2::SecurityGroup",
  params = {
    ports = { 20, 21, 23, 25, 110, 135, 143, 445, 1433, 1434, 1521, 2375, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601,
              6379, 8080, 8088, 8888, 9092, 9200, 9300, 11211, 27017 },
  },
  controls = {
    fsbp = { "EC2.19" },
    nist_800_53_r5 = { "AC-4", "SC-7", "SC-7(5)" },
    pci_dss_4_0 = { "1.3.1", "1.4.2" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC05-BP02" },
  },
  remediation = "sg-revoke-public-ingress",
  check = function(group, ctx)
    return sg.fail_open_ports(group, ctx.params.ports, "a high-risk service")
  end,
}
