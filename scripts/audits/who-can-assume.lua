--- Who may assume which role: one row for each principal of each trust policy.
-- Arguments: a glob over role names (default "*"), as IAM's wildcards work.
-- @scope account
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html
local policy = require "policy"
local wanted = args[1] or "*"

columns { "role", "kind", "principal", "actions", "conditions" }

local function conditions(statement)
  local keys = {}
  for _, c in ipairs(statement.conditions) do keys[#keys + 1] = c.operator .. " " .. c.key end
  return #keys > 0 and table.concat(keys, ", ") or nil
end

for role in aws.items("iam:ListRoles") do
  if policy.like(wanted, role.RoleName) then
    for _, statement in ipairs(policy.statements(role.AssumeRolePolicyDocument)) do
      if statement.effect == "Allow" then
        for kind, list in pairs(statement.principals or { NotPrincipal = { "*" } }) do
          for _, principal in ipairs(list) do
            emit {
              role = role.RoleName, kind = kind, principal = principal,
              actions = table.concat(statement.actions or { "all but some" }, ", "), conditions = conditions(statement),
            }
          end
        end
      end
    end
  end
end
