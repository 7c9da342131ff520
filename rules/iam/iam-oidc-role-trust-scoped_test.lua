local provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
local function role(condition, federated)
  return { RoleName = "r", Arn = "arn:aws:iam::111122223333:role/r", AssumeRolePolicyDocument = { Statement = { {
    Effect = "Allow", Principal = { Federated = federated or provider }, Action = "sts:AssumeRoleWithWebIdentity", Condition = condition } } } }
end
return {
  { name = "one repository", expect = "pass", resource = role { StringEquals = { ["token.actions.githubusercontent.com:aud"] = "sts.amazonaws.com" },
      StringLike = { ["token.actions.githubusercontent.com:sub"] = "repo:acme/shop:*" } } },
  { name = "no condition", expect = "fail", message = "neither audience nor subject", resource = role(nil) },
  { name = "any subject", expect = "fail", message = "accepts the subject '*'",
    resource = role { StringLike = { ["token.actions.githubusercontent.com:sub"] = "*" } } },
  { name = "any organization", expect = "fail", resource = role { StringLike = { ["token.actions.githubusercontent.com:sub"] = "repo:*" } } },
  { name = "SAML", expect = "not_applicable", resource = role(nil, "arn:aws:iam::111122223333:saml-provider/corp") },
  { name = "a service role", expect = "not_applicable", resource = { RoleName = "r", Arn = "arn:aws:iam::111122223333:role/r",
      AssumeRolePolicyDocument = { Statement = { { Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" } } } } },
}
