local function user(change)
  local u = { UserName = "ann", Arn = "arn:aws:iam::111122223333:user/ann", GroupList = { "developers" } }
  for k, v in pairs(change or {}) do u[k] = v end
  return u
end
return {
  { name = "groups only", expect = "pass", resource = user() },
  { name = "attached", expect = "fail", message = "ReadOnlyAccess",
    resource = user { AttachedManagedPolicies = { { PolicyName = "ReadOnlyAccess", PolicyArn = "arn:aws:iam::aws:policy/ReadOnlyAccess" } } } },
  { name = "inline", expect = "fail", message = "mine (inline)", resource = user { UserPolicyList = { { PolicyName = "mine" } } } },
  { name = "quarantine policy", expect = "pass", resource = user { UserPolicyList = { { PolicyName = "moonward-quarantine" } } } },
}
