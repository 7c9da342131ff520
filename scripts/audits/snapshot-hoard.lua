--- Snapshots that nobody seems to need: old, of a volume that is gone, and in no image; old manual ones of databases.
-- Arguments: age in days (default 180).
-- @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html
local time = require "time"
local limit = tonumber(args[1] or 180)

columns { "kind", "id", "age_days", "size_gib", "of", "source_exists", "description" }

local volumes, in_image = {}, {}
for volume in aws.items("ec2:DescribeVolumes") do volumes[volume.VolumeId] = true end
for _, image in ipairs(aws.call("ec2:DescribeImages", { Owners = { "self" } }).Images or {}) do
  for _, mapping in ipairs(image.BlockDeviceMappings or {}) do
    local id = mapping:path("Ebs.SnapshotId")
    if id then in_image[id] = true end
  end
end

for snapshot in aws.items("ec2:DescribeSnapshots", { OwnerIds = { "self" } }) do
  local age = time.age_days(snapshot.StartTime, aws.now)
  if age >= limit and not in_image[snapshot.SnapshotId] then
    emit {
      kind = "ebs", id = snapshot.SnapshotId, age_days = age, size_gib = snapshot.VolumeSize, of = snapshot.VolumeId,
      source_exists = volumes[snapshot.VolumeId] or false, description = snapshot.Description,
    }
  end
end

for snapshot in aws.items("rds:DescribeDBSnapshots", { SnapshotType = "manual" }) do
  local age = time.age_days(snapshot.SnapshotCreateTime, aws.now)
  if age and age >= limit then
    emit { kind = "rds", id = snapshot.DBSnapshotIdentifier, age_days = age, size_gib = snapshot.AllocatedStorage, of = snapshot.DBInstanceIdentifier }
  end
end
