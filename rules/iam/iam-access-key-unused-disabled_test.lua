local function key(change)
  local k = { UserName = "ann", AccessKeyId = "AKIAEXAMPLE000000001", Status = "Active", CreateDate = "2025-12-01T00:00:00Z" }
  for name, v in pairs(change or {}) do k[name] = v end
  return k
end
local now = "2026-01-02T00:00:00Z"

return {
  { name = "in use", expect = "pass", now = now, resource = key { CreateDate = "2020-01-01T00:00:00Z", LastUsed = { LastUsedDate = "2026-01-01T00:00:00Z" } } },
  { name = "idle", expect = "fail", message = "last used", now = now, resource = key { LastUsed = { LastUsedDate = "2025-06-01T00:00:00Z" } } },
  { name = "never used", expect = "fail", message = "never used", now = now, resource = key { CreateDate = "2025-01-01T00:00:00Z", LastUsed = { ServiceName = "N/A" } } },
  { name = "new", expect = "pass", now = now, resource = key { LastUsed = { ServiceName = "N/A" } } },
  { name = "inactive", expect = "not_applicable", now = now, resource = key { Status = "Inactive" } },
  { name = "denied", expect = "unknown", now = now, resource = key { LastUsed = unknown("iam:GetAccessKeyLastUsed", "AccessDenied") } },
}
