-- Reading, wildcards, layers. The verdicts on whole policies are in policies/.
local policy = require("policy")
policy.like("s3:Get*", "S3:GetObject")  --> true
policy.like("arn:aws:s3:::b", "arn:aws:s3:::B", true)  --> false
policy.like("a?c", "abc")  --> true
policy.like("a?c", "ac")  --> false
policy.like("*", "")  --> true
policy.like("?*", "")  --> false
policy.like("a**b*", "ab")  --> true
policy.like("*ab", "aab")  --> true
policy.like("a${*}", "a*")  --> true
policy.like("a${*}", "ab")  --> false
policy.like("home/${aws:username}/x", "home/ann/x")  --> true
policy.like("home/${aws:username}/x", "home/ann/y")  --> false
policy.like("a?", "aé")  --> true
policy.like(("*a"):rep(300), ("a"):rep(20000) .. "b")  --> false
policy.covers("s3:*", "s3:Get*")  --> true
policy.covers("s3:Get*", "s3:*")  --> false
policy.covers("*?", "?*")  --> true
policy.covers("?", "*")  --> false
policy.covers("a*c", "a?c")  --> true
policy.covers("*", "${aws:username}")  --> true
policy.covers("x${a}", "x${a}")  --> true
policy.covers("x${a}", "x${b}")  --> false
policy.meets("a*", "*b")  --> true
policy.meets("a*", "b*")  --> false
policy.meets("a?", "a")  --> false
policy.meets("a", "?")  --> true
policy.meets("*", "")  --> true
policy.any_like({ "a", "b*" }, "bc")  --> true
policy.list("a")  --> { "a" }
policy.list(nil)  --> {}
local json = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}'
local encoded = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22%2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D"
(policy.is_public(json))  --> true
#policy.statements(json)  --> 1
policy.statements(encoded)[1].effect  --> "Deny"
policy.statements('{\\"Statement\\":[]}')  --> { parsed_statements = true }
#policy.statements(nil)  --> 0
policy.parse(nil)  --> nil
policy.statements("")  --> error: policy: the document is an empty text
policy.statements("{")  --> error: policy: the document cannot be read: JSON, line 1, column 2: expected a key in double quotes, the text ends here
policy.statements("[]")  --> error: policy: the document has no Statement
policy.statements({})  --> error: policy: the document has no Statement
policy.statements(true)  --> error: policy: a document is a table or text, not a boolean
policy.statements { Statement = "x" }  --> error: policy: Statement is a string
policy.statements { Statement = { { Effect = "allow", Action = "*" } } }  --> error: policy: statement 1: Effect is allow; it is Allow or Deny
policy.statements { Statement = { { Effect = "Allow" } } }  --> error: policy: statement 1 has no Action
policy.statements { Statement = { { Effect = "Allow", Action = "a", NotAction = "b" } } }  --> error: policy: statement 1 has both Action and NotAction
policy.statements { Statement = { { Effect = "Allow", Action = { x = 1 } } } }  --> error: policy: statement 1: Action is neither a text nor a list of texts
policy.statements { Statement = { { Effect = "Allow", Action = "*" }, { Effect = "Allow", Action = "*", Condition = "x" } } }  --> error: policy: statement 2: Condition is a string
policy.statements { Statement = { 5 } }  --> error: policy: statement 1 is a number
select(2, try(function() return policy.is_public(r.Hidden) end)).code  --> "Denied"
local s = policy.statements(json)
policy.name(s[1])  --> "statement 1"
policy.name { sid = "Open" }  --> "statement 'Open'"
policy.is_public(s)  --> true, { { name = "statement 1", reason = "the principal is everybody", statement = { actions = { "s3:GetObject" }, conditions = {}, effect = "Allow", index = 1, principals = { AWS = { "*" } }, resources = { "*" }, variables = true } } }
policy.account_of("arn:aws:iam::111122223333:root")  --> "111122223333"
policy.account_of("lambda.amazonaws.com")  --> nil
local function doc(effect, action, resource) return { Version = "2012-10-17", Statement = { { Effect = effect, Action = action, Resource = resource or "*" } } } end
local all, s3, deny = doc("Allow", "*"), doc("Allow", "s3:*"), doc("Deny", "s3:PutObject")
local function q(t) t.action, t.on = t.action or "s3:GetObject", t.on or "arn:aws:s3:::b/k" return policy.effective(t) end
q { identity = all }  --> "allow", "identity"
q { identity = all, action = "iam:CreateUser", boundary = s3 }  --> "none", "boundary"
q { identity = all, boundary = s3 }  --> "allow", "identity"
q { identity = { s3, deny }, action = "s3:PutObject" }  --> "deny", "identity"
q { identity = all, boundary = { s3, deny }, action = "s3:PutObject" }  --> "deny", "boundary"
q { identity = all, scp = all }  --> "allow", "identity"
q { identity = all, scp = { all, deny }, action = "s3:PutObject" }  --> "deny", "scp"
q { identity = all, scp = { { all }, { s3 } } }  --> "allow", "identity"
q { identity = all, scp = { { all }, { s3 } }, action = "iam:CreateUser" }  --> "none", "scp"
q { identity = all, scp = { all, s3 }, action = "iam:CreateUser" }  --> "allow", "identity"
q { identity = s3, action = "iam:CreateUser" }  --> "none", "identity"
q { resource = json, identity = nil }  --> "allow", "resource"
q { resource = json, cross_account = true }  --> "none", "identity"
q { resource = json, identity = s3, cross_account = true }  --> "allow", "resource"
q { identity = s3, cross_account = true }  --> "none", "resource"
q { identity = all, session = s3 }  --> "allow", "identity"
q { identity = all, session = s3, action = "iam:CreateUser" }  --> "none", "session"
q { resource = json, boundary = doc("Allow", "ec2:*") }  --> "conditional", "boundary"
q { identity = all, rcp = deny, action = "s3:PutObject" }  --> "deny", "rcp"
q {}  --> "none", "identity"
policy.is_admin({ s3, all })  --> true
policy.is_admin({ s3, deny, all })  --> false
policy.full_admin(all).index  --> 1
policy.full_admin(s3)  --> nil
policy.full_admin(doc("Allow", "*", "arn:aws:*")).index  --> 1
policy.full_admin(doc("Allow", "*", "arn:aws:s3:::*"))  --> nil
policy.allows_everywhere(s3, "s3:GetObject").index  --> 1
policy.restricted_by(policy.statements { Statement = { Effect = "Allow", Action = "iam:PassRole", Resource = "*", Condition = { StringEquals = { ["iam:PassedToService"] = "ec2.amazonaws.com" } } } }[1], { "iam:passedtoservice" })  --> true
policy.restricted_by(policy.statements { Statement = { Effect = "Allow", Action = "iam:PassRole", Resource = "*", Condition = { StringLike = { ["iam:PassedToService"] = "*" } } } }[1], { "iam:passedtoservice" })  --> false
policy.escalations_as_of  --> "2025-12"
policy.is_admin(r.Cases.principals)  --> error: policy: the document has no Statement
(policy.allows({ r.Cases.services[1].policy, s3 }, "s3:GetObject", "arn:aws:s3:::b/k"))  --> "allow"
(policy.allows(s3, "s3:GetObject", "arn:aws:s3:::b/k", { ["aws:SecureTransport"] = true }))  --> "allow"
local timed = { Version = "2012-10-17", Statement = { Effect = "Allow", Action = "*", Resource = "*", Condition = { DateLessThan = { ["aws:CurrentTime"] = "2026-01-01T00:00:00Z" } } } }
(policy.allows(timed, "s3:GetObject", "*", { ["aws:CurrentTime"] = "2025-12-31T23:59:59Z" }))  --> "allow"
(policy.allows(timed, "s3:GetObject", "*", { ["aws:CurrentTime"] = 1767225600 }))  --> "none"
(policy.allows(timed, "s3:GetObject", "*"))  --> "conditional"
