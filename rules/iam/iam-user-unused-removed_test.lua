local function user(columns, more)
  local u = { UserName = "ann", Arn = "arn:aws:iam::111122223333:user/ann", CredentialReport = columns }
  for k, v in pairs(more or {}) do u[k] = v end
  return u
end
local now = "2026-01-02T00:00:00Z"

return {
  { name = "key in use", expect = "pass", now = now, resource = user { user_creation_time = "2020-01-01T00:00:00+00:00",
      password_last_used = "N/A", access_key_1_last_used_date = "2025-12-31T00:00:00+00:00" } },
  { name = "new user", expect = "pass", now = now, resource = user { user_creation_time = "2025-12-31T00:00:00+00:00", password_last_used = "N/A" } },
  { name = "idle", expect = "fail", message = "not used for", now = now, resource = user { user_creation_time = "2020-01-01T00:00:00+00:00",
      password_last_used = "2024-01-01T00:00:00+00:00", access_key_1_last_used_date = "N/A" } },
  { name = "shorter window", expect = "fail", now = now, params = { max_unused_days = 1 },
    resource = user { user_creation_time = "2025-12-20T00:00:00+00:00" } },
  { name = "no dates", expect = "unknown", now = now, resource = user { user_creation_time = "N/A" } },
  { name = "denied", expect = "unknown", now = now, resource = user(unknown("iam:GetCredentialReport", "AccessDenied")) },
}
