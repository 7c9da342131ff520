local function db(change)
  local d = { DBInstanceIdentifier = "shop", DBInstanceArn = "arn:aws:rds:us-east-1:111122223333:db:shop", Engine = "postgres" }
  for k, v in pairs(change or {}) do d[k] = v end
  return d
end

return {
  { name = "on", expect = "pass", resource = db { AutoMinorVersionUpgrade = true } },
  { name = "off", expect = "fail", message = "upgrades are off", resource = db { AutoMinorVersionUpgrade = false } },
  { name = "cluster member", expect = "not_applicable", resource = db { AutoMinorVersionUpgrade = false, DBClusterIdentifier = "c" } },
}
