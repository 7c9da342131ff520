--- Volumes without encryption.
aws.call("ec2:DeleteVolume", { VolumeId = "vol-1" })
