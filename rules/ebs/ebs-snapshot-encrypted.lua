--- EBS snapshots must be encrypted.
-- A snapshot is the whole disk, and it is shared with one click.
-- @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html
return rule {
  id = "ebs-snapshot-encrypted",
  title = "Snapshots are encrypted",
  severity = "medium", pillar = "security",
  resource = "AWS::EC2::Snapshot",
  controls = {
    nist_800_53_r5 = { "SC-13", "SC-28", "SC-28(1)" },
    pci_dss_4_0 = { "3.5.1" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC08-BP02" },
  },
  remediation = "ebs-copy-snapshot-encrypted",
  check = function(snapshot)
    if snapshot.Encrypted then return pass() end
    return fail("the snapshot is not encrypted")
  end,
}
