--- Volumes without encryption.
for volume in aws.items("ec2:DescribeVolume") do
  emit { volume = volume.VolumeId }
end
