local function trail(change)
  local t = { Name = "main", TrailARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main", HomeRegion = "us-east-1" }
  for k, v in pairs(change or {}) do t[k] = v end
  return t
end

local now = "2026-01-02T00:00:00Z"
return {
  { name = "fresh", expect = "pass", now = now, resource = trail { Status = { IsLogging = true, LatestDeliveryTime = "2026-01-01T23:00:00Z" } } },
  { name = "new", expect = "pass", now = now, resource = trail { Status = { IsLogging = true } } },
  { name = "stopped", expect = "fail", message = "not logging", now = now, resource = trail { Status = { IsLogging = false } } },
  { name = "failing", expect = "fail", message = "NoSuchBucket", now = now,
    resource = trail { Status = { IsLogging = true, LatestDeliveryError = "NoSuchBucket" } } },
  { name = "late", expect = "fail", message = "for 48 hours", now = now,
    resource = trail { Status = { IsLogging = true, LatestDeliveryTime = "2025-12-31T00:00:00Z" } } },
  { name = "denied", expect = "unknown", now = now, resource = trail { Status = unknown("cloudtrail:GetTrailStatus", "AccessDeniedException") } },
}
