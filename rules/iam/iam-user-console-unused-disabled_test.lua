local function user(columns, more)
  local u = { UserName = "ann", Arn = "arn:aws:iam::111122223333:user/ann", CredentialReport = columns }
  for k, v in pairs(more or {}) do u[k] = v end
  return u
end
local now = "2026-01-02T00:00:00Z"

return {
  { name = "in use", expect = "pass", now = now, resource = user { password_enabled = "true", password_last_used = "2025-12-20T00:00:00+00:00" } },
  { name = "not for long", expect = "fail", message = "last used 215 days ago", now = now,
    resource = user { password_enabled = "true", password_last_used = "2025-06-01T00:00:00+00:00" } },
  { name = "never", expect = "fail", message = "never used", now = now,
    resource = user { password_enabled = "true", password_last_used = "no_information", password_last_changed = "2025-06-01T00:00:00+00:00" } },
  { name = "new", expect = "pass", now = now,
    resource = user { password_enabled = "true", password_last_used = "no_information", password_last_changed = "2025-12-30T00:00:00+00:00" } },
  { name = "no password", expect = "not_applicable", now = now, resource = user { password_enabled = "false" } },
  { name = "no dates", expect = "unknown", now = now, resource = user { password_enabled = "true", password_last_used = "N/A" } },
  { name = "denied", expect = "unknown", now = now, resource = user(unknown("iam:GetCredentialReport", "AccessDenied")) },
}
