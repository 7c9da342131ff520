local function db(change)
  local d = { DBInstanceIdentifier = "shop", DBInstanceArn = "arn:aws:rds:us-east-1:111122223333:db:shop", Engine = "postgres" }
  for k, v in pairs(change or {}) do d[k] = v end
  return d
end

local now = "2026-01-02T00:00:00Z"
return {
  { name = "a week", expect = "pass", now = now, resource = db { BackupRetentionPeriod = 7, DBInstanceStatus = "available", LatestRestorableTime = "2026-01-01T23:55:00Z" } },
  { name = "one day", expect = "fail", message = "1 of 7 days", now = now, resource = db { BackupRetentionPeriod = 1 } },
  { name = "off", expect = "fail", message = "are off", now = now, resource = db { BackupRetentionPeriod = 0 } },
  { name = "stale", expect = "fail", message = "minutes ago", now = now, resource = db { BackupRetentionPeriod = 7, DBInstanceStatus = "available", LatestRestorableTime = "2026-01-01T12:00:00Z" } },
  { name = "stopped", expect = "pass", now = now, resource = db { BackupRetentionPeriod = 7, DBInstanceStatus = "stopped", LatestRestorableTime = "2026-01-01T12:00:00Z" } },
  { name = "replica", expect = "not_applicable", now = now, resource = db { BackupRetentionPeriod = 0, ReadReplicaSourceDBInstanceIdentifier = "main" } },
}
