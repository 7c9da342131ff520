local function acl(uri)
  return { Owner = { ID = "o" }, Grants = { { Grantee = { Type = "CanonicalUser", ID = "o" }, Permission = "FULL_CONTROL" },
                                            uri and { Grantee = { Type = "Group", URI = uri }, Permission = "READ" } or nil } }
end
local everybody = "http://acs.amazonaws.com/groups/global/AllUsers"
local none = { ["AWS::::Account"] = { { Account = "111122223333" } } }
return {
  { name = "owner only", expect = "pass", resource = { Name = "b", Acl = acl() }, inventory = none },
  { name = "everybody", expect = "fail", message = "READ to AllUsers", resource = { Name = "b", Acl = acl(everybody) }, inventory = none },
  { name = "any AWS user", expect = "fail", resource = { Name = "b", Acl = acl("http://acs.amazonaws.com/groups/global/AuthenticatedUsers") }, inventory = none },
  { name = "log delivery", expect = "pass", resource = { Name = "b", Acl = acl("http://acs.amazonaws.com/groups/s3/LogDelivery") }, inventory = none },
  { name = "ignored", expect = "pass", resource = { Name = "b", Acl = acl(everybody), PublicAccessBlock = { IgnorePublicAcls = true } }, inventory = none },
  { name = "ignored by the account", expect = "pass", resource = { Name = "b", Acl = acl(everybody) },
    inventory = { ["AWS::::Account"] = { { Account = "111122223333", PublicAccessBlock = { IgnorePublicAcls = true } } } } },
  { name = "no grants told", expect = "unknown", resource = { Name = "b", Acl = { Owner = { ID = "o" } } }, inventory = none },
  { name = "denied", expect = "unknown", resource = { Name = "b", Acl = unknown("s3:GetBucketAcl", "AccessDenied") }, inventory = none },
}
