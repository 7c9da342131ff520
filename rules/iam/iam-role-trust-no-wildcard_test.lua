local function role(statement)
  return { RoleName = "r", Arn = "arn:aws:iam::111122223333:role/r",
           AssumeRolePolicyDocument = { Version = "2012-10-17", Statement = { statement } } }
end
return {
  { name = "a service", expect = "pass", resource = role { Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" } },
  { name = "star", expect = "fail", message = "any AWS principal", resource = role { Effect = "Allow", Principal = "*", Action = "sts:AssumeRole" } },
  { name = "AWS star in a list", expect = "fail", resource = role { Sid = "Open", Effect = "Allow",
      Principal = { AWS = { "arn:aws:iam::444455556666:root", "*" } }, Action = "sts:AssumeRole" } },
  { name = "star with an organization", expect = "pass", resource = role { Effect = "Allow", Principal = { AWS = "*" }, Action = "sts:AssumeRole",
      Condition = { StringEquals = { ["aws:PrincipalOrgID"] = "o-1" } } } },
  { name = "a condition that lets all through", expect = "fail", resource = role { Effect = "Allow", Principal = { AWS = "*" },
      Action = "sts:AssumeRole", Condition = { StringLike = { ["aws:PrincipalArn"] = "*" } } } },
  { name = "deny", expect = "pass", resource = role { Effect = "Deny", Principal = "*", Action = "sts:AssumeRole" } },
  { name = "one statement, not a list", expect = "fail", resource = { RoleName = "r", Arn = "arn:aws:iam::111122223333:role/r",
      AssumeRolePolicyDocument = { Statement = { Effect = "Allow", Principal = "*", Action = "sts:AssumeRole" } } } },
}
