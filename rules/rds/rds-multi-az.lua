--- Production databases must stand in two availability zones.
-- Without a standby, the loss of a zone is the loss of the database.
-- @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZ.html
return rule {
  id = "rds-multi-az",
  title = "Production databases are Multi-AZ",
  severity = "medium", pillar = "reliability",
  resource = "AWS::RDS::DBInstance",
  params = { scope_tag = "Environment=prod" },
  controls = {
    cis = { "3.2.4" },
    fsbp = { "RDS.5", "RDS.15" },
    nist_800_53_r5 = { "CP-10", "SC-36", "SI-13(5)" },
    soc2 = { "A1.2" },
    well_architected = { "REL10-BP01" },
  },
  remediation = "rds-enable-multi-az",
  check = function(db, ctx)
    if ctx.params.scope_tag ~= "" and not db.tags:has(ctx.params.scope_tag) then
      return not_applicable("not tagged %s", ctx.params.scope_tag)
    end
    if db.ReadReplicaSourceDBInstanceIdentifier ~= nil then return not_applicable("a read replica") end
    if db.DBClusterIdentifier ~= nil then return not_applicable("judged with its cluster %s", db.DBClusterIdentifier) end
    if db.MultiAZ then return pass() end
    return fail("one availability zone only")
  end,
}
