return {
  { name = "24", expect = "pass", resource = { Account = "111122223333", PasswordPolicy = { PasswordReusePrevention = 24 } } },
  { name = "5", expect = "fail", message = "5 of 24", resource = { Account = "111122223333", PasswordPolicy = { PasswordReusePrevention = 5 } } },
  { name = "unset", expect = "fail", message = "none of 24", resource = { Account = "111122223333", PasswordPolicy = {} } },
  { name = "no policy", expect = "fail", resource = { Account = "111122223333" } },
  { name = "denied", expect = "unknown",
    resource = { Account = "111122223333", PasswordPolicy = unknown("iam:GetAccountPasswordPolicy", "AccessDenied") } },
}
