local function account(password_last_used, key_last_used)
  return { Account = "111122223333", CredentialReport = { Content = {
    { user = "ann", password_last_used = "2026-01-01T00:00:00+00:00" },
    { user = "<root_account>", password_last_used = password_last_used,
      access_key_1_last_used_date = key_last_used or "N/A", access_key_2_last_used_date = "N/A" } } } }
end
local now = "2026-01-02T00:00:00Z"
return {
  { name = "never used", expect = "pass", now = now, resource = account("no_information") },
  { name = "used long ago", expect = "pass", now = now, resource = account("2025-06-01T10:00:00+00:00") },
  { name = "password used last week", expect = "fail", message = "password_last_used", now = now,
    resource = account("2025-12-28T10:00:00+00:00") },
  { name = "key used yesterday", expect = "fail", message = "access_key_1", now = now,
    resource = account("N/A", "2026-01-01T00:00:00+00:00") },
  { name = "a longer window", expect = "fail", now = now, params = { max_days = 365 },
    resource = account("2025-06-01T10:00:00+00:00") },
  { name = "no row for root", expect = "unknown", now = now,
    resource = { Account = "111122223333", CredentialReport = { Content = { { user = "ann" } } } } },
  { name = "denied", expect = "unknown", now = now,
    resource = { Account = "111122223333", CredentialReport = unknown("iam:GetCredentialReport", "AccessDenied") } },
}
