--- Volumes without encryption.
for volume in aws.items("ec2:DescribeVolumes") do
  emit { volume = volume.VolumeId }
end
