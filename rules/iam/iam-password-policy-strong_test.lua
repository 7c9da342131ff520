local function account(change)
  local p = { MinimumPasswordLength = 14, RequireUppercaseCharacters = true, RequireLowercaseCharacters = true,
              RequireNumbers = true, RequireSymbols = true, MaxPasswordAge = 90 }
  for k, v in pairs(change or {}) do p[k] = v end
  return { Account = "111122223333", PasswordPolicy = p }
end
return {
  { name = "strong", expect = "pass", resource = account() },
  { name = "none", expect = "fail", message = "no password policy", resource = { Account = "111122223333" } },
  { name = "short", expect = "fail", message = "14 characters (now 8)", resource = account { MinimumPasswordLength = 8 } },
  { name = "no symbols", expect = "fail", message = "RequireSymbols", resource = account { RequireSymbols = false } },
  { name = "ages too long", expect = "fail", message = "expiry", resource = account { MaxPasswordAge = 365 } },
  { name = "own length", expect = "pass", params = { min_length = 8 }, resource = account { MinimumPasswordLength = 8 } },
  { name = "denied", expect = "unknown",
    resource = { Account = "111122223333", PasswordPolicy = unknown("iam:GetAccountPasswordPolicy", "AccessDenied") } },
}
