--- Customer-managed symmetric keys must rotate.
-- Rotation bounds how much one key's material protects.
-- @see https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
return rule {
  id = "kms-key-rotation-enabled",
  title = "Customer keys rotate",
  severity = "medium", pillar = "security",
  resource = "AWS::KMS::Key",
  needs = { "RotationStatus" },
  params = { max_days = 365 },
  controls = {
    cis = { "4.6" },
    fsbp = { "KMS.4" },
    nist_800_53_r5 = { "SC-12", "SC-12(2)" },
    pci_dss_4_0 = { "3.6.1", "3.7.4" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC08-BP01" },
  },
  remediation = "kms-enable-rotation",
  check = function(key, ctx)
    local spec = key.KeySpec or key.CustomerMasterKeySpec
    if key.KeyManager ~= "CUSTOMER" then return not_applicable("managed by AWS") end
    if spec ~= "SYMMETRIC_DEFAULT" then return not_applicable("%s keys cannot rotate", spec) end
    if key.KeyState ~= "Enabled" then return not_applicable("the key is %s", key.KeyState) end
    if key.Origin ~= "AWS_KMS" then return not_applicable("key material of origin %s cannot rotate", key.Origin) end
    local status = key.RotationStatus
    if status == nil then return unknown("the key has no rotation status") end
    if not status.KeyRotationEnabled then return fail("rotation is off") end
    local period = status.RotationPeriodInDays
    if period and period > ctx.params.max_days then return fail("the key rotates every %d days", period) end
    return pass()
  end,
}
