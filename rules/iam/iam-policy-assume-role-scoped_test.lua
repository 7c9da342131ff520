local function managed(statement, name)
  return { PolicyName = name or "p", Arn = "arn:aws:iam::111122223333:policy/" .. (name or "p"), DefaultVersionId = "v2", PolicyVersionList = {
    { VersionId = "v1", IsDefaultVersion = false, Document = { Statement = { { Effect = "Allow", Action = "*", Resource = "*" } } } },
    { VersionId = "v2", IsDefaultVersion = true, Document = { Version = "2012-10-17", Statement = { statement } } } } }
end

return {
  { name = "one role", expect = "pass", resource = managed { Effect = "Allow", Action = "sts:AssumeRole", Resource = "arn:aws:iam::111122223333:role/deploy" } },
  { name = "every role", expect = "fail", message = "on *", resource = managed { Effect = "Allow", Action = { "sts:*" }, Resource = "*" } },
  { name = "every account", expect = "fail", resource = managed { Effect = "Allow", Action = "sts:AssumeRole", Resource = { "arn:aws:iam::*:role/*" } } },
  { name = "other actions", expect = "pass", resource = managed { Effect = "Allow", Action = "s3:GetObject", Resource = "*" } },
  { name = "deny", expect = "pass", resource = managed { Effect = "Deny", Action = "sts:AssumeRole", Resource = "*" } },
  { name = "no default version", expect = "unknown", resource = { PolicyName = "p", Arn = "arn:aws:iam::111122223333:policy/p" } },
}
