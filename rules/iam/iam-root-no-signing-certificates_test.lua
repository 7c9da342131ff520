return {
  { name = "none", expect = "pass", resource = { Account = "111122223333", SummaryMap = { AccountSigningCertificatesPresent = 0 } } },
  { name = "one", expect = "fail", resource = { Account = "111122223333", SummaryMap = { AccountSigningCertificatesPresent = 1 } } },
  { name = "denied", expect = "unknown",
    resource = { Account = "111122223333", SummaryMap = unknown("iam:GetAccountSummary", "AccessDenied") } },
}
