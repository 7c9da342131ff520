--- Things that cost money by the hour and lack the tags that say whose they are.
-- Arguments: the tag keys that each should have (default Owner).
-- @see https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
local required = #args > 0 and args or { "Owner" }

columns { "kind", "id", "size", "missing" }

local function check(kind, id, size, tags)
  local missing = {}
  for _, key in ipairs(required) do
    if not (tags and tags:any("Key", key)) then missing[#missing + 1] = key end
  end
  if #missing > 0 then emit { kind = kind, id = id, size = size, missing = table.concat(missing, " ") } end
end

for reservation in aws.items("ec2:DescribeInstances") do
  for _, i in ipairs(reservation.Instances) do
    if i:path("State.Name") ~= "terminated" then check("instance", i.InstanceId, i.InstanceType, i.Tags) end
  end
end
for v in aws.items("ec2:DescribeVolumes") do check("volume", v.VolumeId, v.Size .. " GiB " .. v.VolumeType, v.Tags) end
for _, a in ipairs(aws.call("ec2:DescribeAddresses").Addresses or {}) do
  check("address", a.AllocationId or a.PublicIp, a.PublicIp, a.Tags)
end
for n in aws.items("ec2:DescribeNatGateways") do
  if n.State ~= "deleted" then check("nat-gateway", n.NatGatewayId, n.ConnectivityType, n.Tags) end
end
for d in aws.items("rds:DescribeDBInstances") do check("database", d.DBInstanceIdentifier, d.DBInstanceClass, d.TagList) end

-- At most 20 balancers a question: ELB API Reference, DescribeTags.
local batch, kinds = {}, {}
local function ask_tags()
  if #batch == 0 then return end
  for _, d in ipairs(aws.call("elbv2:DescribeTags", { ResourceArns = batch }).TagDescriptions) do
    check("load-balancer", d.ResourceArn, kinds[d.ResourceArn], d.Tags)
  end
  batch = {}
end
for b in aws.items("elbv2:DescribeLoadBalancers") do
  batch[#batch + 1], kinds[b.LoadBalancerArn] = b.LoadBalancerArn, b.Type
  if #batch == 20 then ask_tags() end
end
ask_tags()
