return {
  { name = "none", expect = "pass", resource = { Account = "111122223333", SummaryMap = { AccountAccessKeysPresent = 0 } } },
  { name = "not told", expect = "unknown", resource = { Account = "111122223333", SummaryMap = {} } },
  { name = "one", expect = "fail", message = "1 access key",
    resource = { Account = "111122223333", SummaryMap = { AccountAccessKeysPresent = 1 } } },
  { name = "denied", expect = "unknown",
    resource = { Account = "111122223333", SummaryMap = unknown("iam:GetAccountSummary", "AccessDenied") } },
}
