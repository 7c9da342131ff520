--- Volumes that are attached to nothing, and addresses that point nowhere: paid for, used by nobody.
-- @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ebs-volumes.html
local time = require "time"

columns { "kind", "id", "name", "size_gib", "age_days" }

local function name_of(tags)
  local tag = tags and tags:find("Key", "Name")
  return tag and tag.Value
end

for volume in aws.items("ec2:DescribeVolumes", { Filters = { { Name = "status", Values = { "available" } } } }) do
  emit {
    kind = "volume", id = volume.VolumeId, name = name_of(volume.Tags), size_gib = volume.Size,
    age_days = time.age_days(volume.CreateTime, aws.now),
  }
end

for _, address in ipairs(aws.call("ec2:DescribeAddresses").Addresses or {}) do
  -- Both are written as empty texts too.
  if (address.AssociationId or "") == "" and (address.InstanceId or "") == "" then
    emit { kind = "address", id = address.AllocationId or address.PublicIp, name = name_of(address.Tags) or address.PublicIp }
  end
end
