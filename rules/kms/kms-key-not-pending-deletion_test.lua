local function key(change)
  local k = { KeyId = "1234abcd-12ab-34cd-56ef-1234567890ab", Arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
              KeyManager = "CUSTOMER", KeySpec = "SYMMETRIC_DEFAULT", KeyState = "Enabled", Origin = "AWS_KMS" }
  for name, v in pairs(change or {}) do k[name] = v end
  return k
end

return {
  { name = "in use", expect = "pass", resource = key() },
  { name = "pending", expect = "fail", message = "2026-02-01", resource = key { KeyState = "PendingDeletion", DeletionDate = "2026-02-01T00:00:00Z" } },
  { name = "approved", expect = "not_applicable", tags = { ApprovedDeletion = "CHG-1" }, resource = key { KeyState = "PendingDeletion" } },
  { name = "tags denied", expect = "unknown", resource = key { KeyState = "PendingDeletion", Tags = unknown("kms:ListResourceTags", "AccessDenied") } },
}
