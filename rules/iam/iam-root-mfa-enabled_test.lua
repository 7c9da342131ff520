return {
  { name = "MFA on", expect = "pass", resource = { Account = "111122223333", SummaryMap = { AccountMFAEnabled = 1 } } },
  { name = "MFA off", expect = "fail", message = "no MFA",
    resource = { Account = "111122223333", SummaryMap = { AccountMFAEnabled = 0 } } },
  { name = "member account without root credentials", expect = "not_applicable",
    resource = { Account = "111122223333", SummaryMap = { AccountMFAEnabled = 0, AccountPasswordPresent = 0 } } },
  { name = "no MFA, with a password", expect = "fail",
    resource = { Account = "111122223333", SummaryMap = { AccountMFAEnabled = 0, AccountPasswordPresent = 1 } } },
  { name = "denied", expect = "unknown",
    resource = { Account = "111122223333", SummaryMap = unknown("iam:GetAccountSummary", "AccessDenied") } },
}
