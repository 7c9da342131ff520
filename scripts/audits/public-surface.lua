--- What of an account the internet can see: addresses, load balancers, databases, function URLs, buckets, snapshots.
-- Seen means that AWS would let a packet or a request in; whether something answers is another question. What cannot
-- be read is a row of its own: `how` tells why.
-- @see https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/protecting-networks.html
local policy = require "policy"

columns { "kind", "id", "address", "how" }

local function unreadable(kind, id, failure)
  emit { kind = kind, id = id, how = "unknown: " .. failure.operation .. ": " .. failure.code }
end

for reservation in aws.items("ec2:DescribeInstances") do
  for _, i in ipairs(reservation.Instances) do
    if i.PublicIpAddress then emit { kind = "instance", id = i.InstanceId, address = i.PublicIpAddress, how = i:path("State.Name") } end
  end
end
for _, a in ipairs(aws.call("ec2:DescribeAddresses").Addresses or {}) do
  if (a.NetworkInterfaceId or "") ~= "" and (a.InstanceId or "") == "" then
    emit { kind = "address", id = a.AllocationId, address = a.PublicIp, how = a.NetworkInterfaceId }
  end
end
for b in aws.items("elbv2:DescribeLoadBalancers") do
  if b.Scheme == "internet-facing" then emit { kind = "load-balancer", id = b.LoadBalancerName, address = b.DNSName, how = b.Type } end
end
for b in aws.items("elb:DescribeLoadBalancers") do
  if b.Scheme == "internet-facing" then emit { kind = "load-balancer", id = b.LoadBalancerName, address = b.DNSName, how = "classic" } end
end
for d in aws.items("rds:DescribeDBInstances") do
  if d.PubliclyAccessible then emit { kind = "database", id = d.DBInstanceIdentifier, address = d:path("Endpoint.Address"), how = d.Engine } end
end
for f in aws.items("lambda:ListFunctions") do
  local url, failure = aws.try("lambda:GetFunctionUrlConfig", { FunctionName = f.FunctionName })
  if url and url.AuthType == "NONE" then
    emit { kind = "function-url", id = f.FunctionName, address = url.FunctionUrl, how = "no authorization" }
  elseif failure and failure.code ~= "ResourceNotFoundException" then
    unreadable("function-url", f.FunctionName, failure)
  end
end
for s in aws.items("ec2:DescribeSnapshots", { OwnerIds = { "self" }, RestorableByUserIds = { "all" } }) do
  emit { kind = "snapshot", id = s.SnapshotId, how = "anybody may make a volume of it" }
end

-- Buckets are listed for the whole account at once. Public access blocks of the account win over all of it.
local function bucket(name)
  local block, failure = aws.try("s3:GetPublicAccessBlock", { Bucket = name })
  if failure and failure.code ~= "NoSuchPublicAccessBlockConfiguration" then return unreadable("bucket", name, failure) end
  block = block and block.PublicAccessBlockConfiguration or {}
  if not block.RestrictPublicBuckets then
    local answer, missing = aws.try("s3:GetBucketPolicy", { Bucket = name })
    if missing and missing.code ~= "NoSuchBucketPolicy" then return unreadable("bucket", name, missing) end
    local document, why
    if answer then document, why = json(answer.Policy) end
    if why then emit { kind = "bucket", id = name, how = "unknown: its policy is not JSON" } end
    if document and #policy.public_statements(document) > 0 then emit { kind = "bucket", id = name, how = "policy for everybody" } end
  end
  if not block.IgnorePublicAcls then
    local acl, denied = aws.try("s3:GetBucketAcl", { Bucket = name })
    if denied then return unreadable("bucket", name, denied) end
    for _, grant in ipairs(acl.Grants or {}) do
      local who = (grant:path("Grantee.URI") or ""):match("/global/(%a+)$")
      if who == "AllUsers" or who == "AuthenticatedUsers" then
        emit { kind = "bucket", id = name, how = ("ACL: %s for %s"):format(grant.Permission, who) }
      end
    end
  end
end

if aws.first then
  local account, failure = aws.try("s3control:GetPublicAccessBlock", { AccountId = aws.account })
  if failure and failure.code ~= "NoSuchPublicAccessBlockConfiguration" then unreadable("account", aws.account, failure) end
  account = account and account.PublicAccessBlockConfiguration or {}
  if not (account.RestrictPublicBuckets and account.IgnorePublicAcls) then
    for _, b in ipairs(aws.call("s3:ListBuckets").Buckets or {}) do bucket(b.Name) end
  end
end
