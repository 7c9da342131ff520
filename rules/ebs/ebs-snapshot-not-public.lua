--- EBS snapshots must not be public.
-- Anybody can copy a public snapshot and read the disk at leisure.
-- @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
return rule {
  id = "ebs-snapshot-not-public",
  title = "Snapshots are not public",
  severity = "critical", pillar = "security",
  resource = "AWS::EC2::Snapshot",
  needs = { "CreateVolumePermissions" },
  params = { strict = false, trusted_accounts = {} },
  controls = {
    fsbp = { "EC2.1" },
    nist_800_53_r5 = { "AC-3", "AC-4", "AC-6", "SC-7" },
    pci_dss_4_0 = { "1.4.4", "7.2.1" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC03-BP07" },
  },
  remediation = "ebs-make-snapshot-private",
  check = function(snapshot, ctx)
    if snapshot.CreateVolumePermissions == nil then return unknown("the snapshot has no list of permissions") end
    local trusted = {}
    for _, account in ipairs(ctx.params.trusted_accounts) do trusted[account] = true end
    for _, permission in ipairs(snapshot.CreateVolumePermissions) do
      if permission.Group == "all" then return fail("the snapshot is public") end
      if ctx.params.strict and permission.UserId and permission.UserId ~= snapshot.account and not trusted[permission.UserId] then
        return fail("the snapshot is shared with account %s", permission.UserId)
      end
    end
    return pass()
  end,
}
