local function key(change)
  local k = { KeyId = "1234abcd-12ab-34cd-56ef-1234567890ab", Arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
              KeyManager = "CUSTOMER", KeySpec = "SYMMETRIC_DEFAULT", KeyState = "Enabled", Origin = "AWS_KMS" }
  for name, v in pairs(change or {}) do k[name] = v end
  return k
end

return {
  { name = "rotates", expect = "pass", resource = key { RotationStatus = { KeyRotationEnabled = true } } },
  { name = "off", expect = "fail", message = "rotation is off", resource = key { RotationStatus = { KeyRotationEnabled = false } } },
  -- models from before April 2024 lack the period
  { name = "too slowly", expect = "fail", message = "every 700 days", unmodelled = { "resource.RotationStatus.RotationPeriodInDays" },
    resource = key { RotationStatus = { KeyRotationEnabled = true, RotationPeriodInDays = 700 } } },
  { name = "of AWS", expect = "not_applicable", resource = key { KeyManager = "AWS" } },
  { name = "asymmetric", expect = "not_applicable", resource = key { KeySpec = "RSA_2048" } },
  { name = "imported", expect = "not_applicable", resource = key { Origin = "EXTERNAL" } },
  { name = "disabled", expect = "not_applicable", resource = key { KeyState = "Disabled" } },
  { name = "denied", expect = "unknown", resource = key { RotationStatus = unknown("kms:GetKeyRotationStatus", "AccessDeniedException") } },
}
