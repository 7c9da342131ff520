return {
  { name = "a role", expect = "pass",
    resource = { Account = "111122223333", SupportAccessEntities = { PolicyRoles = { { RoleName = "support" } } } } },
  { name = "only a user", expect = "fail",
    resource = { Account = "111122223333", SupportAccessEntities = { PolicyRoles = {}, PolicyUsers = { { UserName = "ann" } } } } },
  { name = "nobody", expect = "fail", resource = { Account = "111122223333", SupportAccessEntities = {} } },
  { name = "denied", expect = "unknown",
    resource = { Account = "111122223333", SupportAccessEntities = unknown("iam:ListEntitiesForPolicy", "AccessDenied") } },
}
