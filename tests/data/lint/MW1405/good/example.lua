--- Volumes without encryption.
aws.call("s3:GetBucketPolicy", { Bucket = "logs" })
