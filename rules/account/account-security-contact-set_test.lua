return {
  { name = "set", expect = "pass", resource = { Account = "111122223333", SecurityContact = { EmailAddress = "security@example.com" } } },
  { name = "absent", expect = "fail", message = "no security contact", resource = { Account = "111122223333" } },
  { name = "no address", expect = "fail", resource = { Account = "111122223333", SecurityContact = { EmailAddress = "" } } },
  { name = "denied", expect = "unknown",
    resource = { Account = "111122223333", SecurityContact = unknown("account:GetAlternateContact", "AccessDeniedException") } },
}
