--- What other accounts may reach: trust policies of roles, and policies of buckets, keys, queues, topics and functions.
-- A statement that names everybody is listed as "*" with the conditions that hold it. What cannot be read is a row
-- of its own: `problem` tells why.
-- @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html
local policy = require "policy"

columns { "kind", "resource", "trusts", "actions", "conditions", "problem" }

local function report(kind, resource, document)
  for _, statement in ipairs(policy.statements(document)) do
    if statement.effect == "Allow" then
      local trusts, keys = policy.foreign_accounts(statement, aws.account), {}
      if policy.anybody(statement) then trusts[#trusts + 1] = "*" end
      for _, c in ipairs(statement.conditions) do keys[#keys + 1] = c.operator .. " " .. c.key end
      for _, who in ipairs(trusts) do
        emit {
          kind = kind, resource = resource, trusts = who,
          actions = table.concat(statement.actions or { "all but some" }, ", "),
          conditions = #keys > 0 and table.concat(keys, ", ") or nil,
        }
      end
    end
  end
end

-- A resource without a policy trusts nobody; one whose policy cannot be read may trust anybody.
local none = { NoSuchBucketPolicy = true, ResourceNotFoundException = true }
local function look(kind, resource, operation, params, read)
  local answer, failure = aws.try(operation, params)
  if answer then
    local text = read(answer)
    if text then
      local document, why = json(text)
      if document then report(kind, resource, document) else emit { kind = kind, resource = resource, problem = why } end
    end
  elseif not none[failure.code] then
    emit { kind = kind, resource = resource, problem = operation .. ": " .. failure.code }
  end
end

if aws.first then -- roles and the list of buckets are global
  for role in aws.items("iam:ListRoles") do report("role", role.RoleName, role.AssumeRolePolicyDocument) end
  for _, bucket in ipairs(aws.call("s3:ListBuckets").Buckets or {}) do
    look("bucket", bucket.Name, "s3:GetBucketPolicy", { Bucket = bucket.Name }, function(a) return a.Policy end)
  end
end
for key in aws.items("kms:ListKeys") do
  look("key", key.KeyId, "kms:GetKeyPolicy", { KeyId = key.KeyId, PolicyName = "default" }, function(a) return a.Policy end)
end
for url in aws.items("sqs:ListQueues") do
  look("queue", url, "sqs:GetQueueAttributes", { QueueUrl = url, AttributeNames = { "Policy" } },
    function(a) return a.Attributes and a.Attributes.Policy end)
end
for topic in aws.items("sns:ListTopics") do
  look("topic", topic.TopicArn, "sns:GetTopicAttributes", { TopicArn = topic.TopicArn }, function(a) return a.Attributes.Policy end)
end
for f in aws.items("lambda:ListFunctions") do
  look("function", f.FunctionName, "lambda:GetPolicy", { FunctionName = f.FunctionName }, function(a) return a.Policy end)
end
