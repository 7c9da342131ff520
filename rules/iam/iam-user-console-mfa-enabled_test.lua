local function user(columns, more)
  local u = { UserName = "ann", Arn = "arn:aws:iam::111122223333:user/ann", CredentialReport = columns }
  for k, v in pairs(more or {}) do u[k] = v end
  return u
end
local now = "2026-01-02T00:00:00Z"

return {
  { name = "MFA", expect = "pass", resource = user { password_enabled = "true", mfa_active = "true" } },
  { name = "MFA newer than the report", expect = "pass",
    resource = user({ password_enabled = "true", mfa_active = "false" }, { MFADevices = { { SerialNumber = "arn:aws:iam::111122223333:mfa/ann" } } }) },
  { name = "no MFA", expect = "fail", message = "without MFA", now = now, resource = user { password_enabled = "true", mfa_active = "false" } },
  { name = "no password", expect = "not_applicable", resource = user { password_enabled = "false", mfa_active = "false" } },
  { name = "not in the report", expect = "unknown", resource = user(nil) },
  { name = "denied", expect = "unknown", resource = user(unknown("iam:GetCredentialReport", "AccessDenied")) },
}
