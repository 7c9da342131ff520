--- Databases must keep automated backups, and they must be current.
-- The backup that is a week too short is missed on the day it is needed.
-- @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
local time = require("time")

return rule {
  id = "rds-backup-retention",
  title = "Automated backups are kept long enough",
  severity = "high", pillar = "reliability",
  resource = "AWS::RDS::DBInstance",
  params = { min_days = 7, max_lag_minutes = 60 },
  controls = {
    fsbp = { "RDS.11", "RDS.50" },
    nist_800_53_r5 = { "CP-9", "CP-10", "SI-12" },
    soc2 = { "A1.2" },
    well_architected = { "REL09-BP03" },
  },
  remediation = "rds-set-backup-retention",
  check = function(db, ctx)
    if db.DBClusterIdentifier ~= nil then return not_applicable("judged with its cluster %s", db.DBClusterIdentifier) end
    if db.ReadReplicaSourceDBInstanceIdentifier ~= nil then return not_applicable("a read replica") end
    local days = db.BackupRetentionPeriod or 0
    if days < ctx.params.min_days then
      return fail(days == 0 and "automated backups are off" or "backups are kept for %d of %d days", days, ctx.params.min_days)
    end
    local restorable = time.parse(db.LatestRestorableTime)
    local lag = restorable and (ctx.now - restorable) // 60
    if lag and lag > ctx.params.max_lag_minutes and db.DBInstanceStatus == "available" then
      return fail("the latest restorable time is %d minutes ago", lag)
    end
    return pass()
  end,
}
