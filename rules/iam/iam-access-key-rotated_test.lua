local function key(change)
  local k = { UserName = "ann", AccessKeyId = "AKIAEXAMPLE000000001", Status = "Active", CreateDate = "2025-12-01T00:00:00Z" }
  for name, v in pairs(change or {}) do k[name] = v end
  return k
end
local now = "2026-01-02T00:00:00Z"

return {
  { name = "young", expect = "pass", now = now, resource = key() },
  { name = "old", expect = "fail", message = "ann is 732 days old", now = now, resource = key { CreateDate = "2024-01-01T00:00:00Z" } },
  { name = "exactly at the limit", expect = "pass", now = now, params = { max_key_age_days = 32 }, resource = key() },
  { name = "inactive", expect = "not_applicable", now = now, resource = key { Status = "Inactive", CreateDate = "2020-01-01T00:00:00Z" } },
  { name = "no date", expect = "unknown", now = now, resource = { UserName = "ann", AccessKeyId = "AKIAEXAMPLE000000001", Status = "Active" } },
}
