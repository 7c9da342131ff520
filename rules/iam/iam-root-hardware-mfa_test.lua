local on = { Account = "111122223333", SummaryMap = { AccountMFAEnabled = 1 } }
return {
  { name = "hardware device", expect = "pass", resource = on,
    inventory = { ["AWS::IAM::VirtualMFADevice"] = {
      { SerialNumber = "arn:aws:iam::111122223333:mfa/ann", User = { Arn = "arn:aws:iam::111122223333:user/ann" } },
      { SerialNumber = "arn:aws:iam::111122223333:mfa/spare" } } } },
  { name = "virtual device", expect = "fail", message = "is virtual", resource = on,
    inventory = { ["AWS::IAM::VirtualMFADevice"] = {
      { SerialNumber = "arn:aws:iam::111122223333:mfa/root-account-mfa-device",
        User = { Arn = "arn:aws:iam::111122223333:root" } } } } },
  { name = "no device", expect = "fail", message = "no MFA",
    resource = { Account = "111122223333", SummaryMap = { AccountMFAEnabled = 0 } } },
  { name = "managed centrally", expect = "not_applicable",
    resource = { Account = "111122223333", SummaryMap = { AccountMFAEnabled = 0, AccountPasswordPresent = 0 } } },
  { name = "devices denied", expect = "unknown", resource = on,
    inventory = { ["AWS::IAM::VirtualMFADevice"] = unknown("iam:ListVirtualMFADevices", "AccessDenied") } },
}
