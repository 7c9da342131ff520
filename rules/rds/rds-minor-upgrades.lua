--- Databases must take minor upgrades by themselves.
-- Minor versions are where security fixes come.
-- @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html
return rule {
  id = "rds-minor-upgrades",
  title = "Minor version upgrades are automatic",
  severity = "medium", pillar = "security",
  resource = "AWS::RDS::DBInstance",
  controls = {
    cis = { "3.2.2" },
    fsbp = { "RDS.13", "RDS.35" },
    nist_800_53_r5 = { "SI-2", "SI-2(2)" },
    pci_dss_4_0 = { "6.3.3" },
    soc2 = { "CC7.1" },
    well_architected = { "SEC06-BP01" },
  },
  remediation = "rds-enable-minor-upgrades",
  check = function(db)
    if db.DBClusterIdentifier ~= nil then return not_applicable("judged with its cluster %s", db.DBClusterIdentifier) end
    if db.AutoMinorVersionUpgrade then return pass() end
    return fail("automatic minor version upgrades are off")
  end,
}
