--- Database storage must be encrypted.
-- Encryption cannot be added to a running instance: the earlier it is seen, the cheaper.
-- @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html
return rule {
  id = "rds-storage-encrypted",
  title = "Instances and clusters are encrypted",
  severity = "high", pillar = "security",
  resource = "AWS::RDS::DBInstance",
  controls = {
    cis = { "3.2.1" },
    fsbp = { "RDS.3", "RDS.27" },
    nist_800_53_r5 = { "SC-13", "SC-28", "SC-28(1)" },
    pci_dss_4_0 = { "3.5.1" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC08-BP02" },
  },
  check = function(db)
    if db.DBClusterIdentifier ~= nil then return not_applicable("judged with its cluster %s", db.DBClusterIdentifier) end
    if db.StorageEncrypted then return pass() end
    return fail("the storage is not encrypted")
  end,
}
