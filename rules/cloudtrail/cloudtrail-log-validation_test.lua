local function trail(change)
  local t = { Name = "main", TrailARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main", HomeRegion = "us-east-1" }
  for k, v in pairs(change or {}) do t[k] = v end
  return t
end

return {
  { name = "on", expect = "pass", resource = trail { LogFileValidationEnabled = true } },
  { name = "off", expect = "fail", message = "validation is off", resource = trail { LogFileValidationEnabled = false } },
}
