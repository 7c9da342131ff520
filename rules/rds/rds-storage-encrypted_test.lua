local function db(change)
  local d = { DBInstanceIdentifier = "shop", DBInstanceArn = "arn:aws:rds:us-east-1:111122223333:db:shop", Engine = "postgres" }
  for k, v in pairs(change or {}) do d[k] = v end
  return d
end

return {
  { name = "encrypted", expect = "pass", resource = db { StorageEncrypted = true } },
  { name = "plain", expect = "fail", message = "not encrypted", resource = db { StorageEncrypted = false } },
  { name = "cluster member", expect = "not_applicable", resource = db { StorageEncrypted = false, DBClusterIdentifier = "c" } },
}
