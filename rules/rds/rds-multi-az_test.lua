local function db(change)
  local d = { DBInstanceIdentifier = "shop", DBInstanceArn = "arn:aws:rds:us-east-1:111122223333:db:shop", Engine = "postgres" }
  for k, v in pairs(change or {}) do d[k] = v end
  return d
end

local prod = { { Key = "Environment", Value = "prod" } }
return {
  { name = "two zones", expect = "pass", resource = db { MultiAZ = true, TagList = prod } },
  { name = "one zone", expect = "fail", message = "one availability zone", resource = db { MultiAZ = false, TagList = prod } },
  { name = "not production", expect = "not_applicable", resource = db { MultiAZ = false, TagList = { { Key = "Environment", Value = "dev" } } } },
  { name = "every instance", expect = "fail", params = { scope_tag = "" }, resource = db { MultiAZ = false } },
  { name = "replica", expect = "not_applicable", resource = db { MultiAZ = false, TagList = prod, ReadReplicaSourceDBInstanceIdentifier = "main" } },
}
