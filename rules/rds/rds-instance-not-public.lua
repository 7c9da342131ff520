--- Databases must not be reachable from the internet.
-- A database trusts whoever has the password, and passwords leak.
-- @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
return rule {
  id = "rds-instance-not-public",
  title = "Instances are not publicly accessible",
  severity = "critical", pillar = "security",
  resource = "AWS::RDS::DBInstance",
  controls = {
    cis = { "3.2.3" },
    fsbp = { "RDS.2" },
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  remediation = "rds-disable-public-access",
  check = function(db)
    if db.PubliclyAccessible == nil then return unknown("the instance does not tell whether it is public") end
    if db.PubliclyAccessible then return fail("the instance is publicly accessible") end
    return pass()
  end,
}
