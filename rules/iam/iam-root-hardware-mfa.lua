--- The root user's MFA must be a hardware device.
-- A virtual device lives on a phone that can be copied, lost or read by malware; a hardware key cannot be cloned.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/enable-hw-mfa-for-root.html
-- AWS says so only of member accounts whose organization manages root access: everywhere else the root user has a password.
local function managed_centrally(account)
  return account.SummaryMap.AccountPasswordPresent == 0
end

return rule {
  id = "iam-root-hardware-mfa",
  title = "Root user MFA is a hardware device",
  severity = "critical", pillar = "security",
  resource = "AWS::::Account",
  needs = { "SummaryMap" },
  related = { "AWS::IAM::VirtualMFADevice" },
  controls = {
    cis = { "2.6" },
    fsbp = { "IAM.6" },
    nist_800_53_r5 = { "IA-2(1)", "IA-2(2)", "AC-3" },
    pci_dss_4_0 = { "8.4.2" },
    soc2 = { "CC6.1" },
    well_architected = { "SEC01-BP02" },
  },
  check = function(account, ctx)
    local devices = ctx.inventory:each("AWS::IAM::VirtualMFADevice")
    if account.SummaryMap.AccountMFAEnabled ~= 1 then
      if managed_centrally(account) then return not_applicable("root access of this member account is managed centrally") end
      return fail("the root user has no MFA device")
    end
    for _, device in ipairs(devices) do
      local owner = device:path("User.Arn")
      if owner and owner:find(":root$") then
        return fail("the root user's MFA device %s is virtual", device.SerialNumber)
      end
    end
    return pass()
  end,
}
