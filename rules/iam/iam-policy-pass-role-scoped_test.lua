local function managed(statement, name)
  return { PolicyName = name or "p", Arn = "arn:aws:iam::111122223333:policy/" .. (name or "p"), DefaultVersionId = "v2", PolicyVersionList = {
    { VersionId = "v1", IsDefaultVersion = false, Document = { Statement = { { Effect = "Allow", Action = "*", Resource = "*" } } } },
    { VersionId = "v2", IsDefaultVersion = true, Document = { Version = "2012-10-17", Statement = { statement } } } } }
end

return {
  { name = "one role", expect = "pass", resource = managed { Effect = "Allow", Action = "iam:PassRole", Resource = "arn:aws:iam::111122223333:role/app" } },
  { name = "every role", expect = "fail", message = "every role", resource = managed { Effect = "Allow", Action = "iam:Pass*", Resource = "*" } },
  { name = "to one service", expect = "pass", resource = managed { Effect = "Allow", Action = "iam:PassRole", Resource = "*",
      Condition = { StringEquals = { ["iam:PassedToService"] = "ec2.amazonaws.com" } } } },
  { name = "NotAction", expect = "fail", resource = managed { Effect = "Allow", NotAction = "s3:*", Resource = "*" } },
  { name = "no default version", expect = "unknown", resource = { PolicyName = "p", Arn = "arn:aws:iam::111122223333:policy/p" } },
}
