--- Volumes without encryption.
aws.call("ec2:DescribeVolumes", { VolumeId = { "vol-1" } })
