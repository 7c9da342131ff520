--- Volumes without encryption.
aws.call("ec2:DescribeVolumes", { VolumeIds = { "vol-1" } })
