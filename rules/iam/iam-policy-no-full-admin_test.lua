local function managed(statement, name)
  return { PolicyName = name or "p", Arn = "arn:aws:iam::111122223333:policy/" .. (name or "p"), DefaultVersionId = "v2", PolicyVersionList = {
    { VersionId = "v1", IsDefaultVersion = false, Document = { Statement = { { Effect = "Allow", Action = "*", Resource = "*" } } } },
    { VersionId = "v2", IsDefaultVersion = true, Document = { Version = "2012-10-17", Statement = { statement } } } } }
end

return {
  { name = "scoped", expect = "pass", resource = managed { Effect = "Allow", Action = "s3:*", Resource = "*" } },
  { name = "admin", expect = "fail", message = "every action", resource = managed { Effect = "Allow", Action = { "*" }, Resource = { "*" } } },
  { name = "admin with a condition", expect = "pass",
    resource = managed { Effect = "Allow", Action = "*", Resource = "*", Condition = { Bool = { ["aws:MultiFactorAuthPresent"] = "true" } } } },
  { name = "deny all", expect = "pass", resource = managed { Effect = "Deny", Action = "*", Resource = "*" } },
  { name = "known exception", expect = "not_applicable", params = { allow_policies = { "break-glass" } },
    resource = managed({ Effect = "Allow", Action = "*", Resource = "*" }, "break-glass") },
  { name = "no default version", expect = "unknown", resource = { PolicyName = "p", Arn = "arn:aws:iam::111122223333:policy/p" } },
}
