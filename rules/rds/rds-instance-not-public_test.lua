local function db(change)
  local d = { DBInstanceIdentifier = "shop", DBInstanceArn = "arn:aws:rds:us-east-1:111122223333:db:shop", Engine = "postgres" }
  for k, v in pairs(change or {}) do d[k] = v end
  return d
end

return {
  { name = "private", expect = "pass", resource = db { PubliclyAccessible = false } },
  { name = "not told", expect = "unknown", resource = db() },
  { name = "public", expect = "fail", message = "publicly accessible", resource = db { PubliclyAccessible = true } },
}
