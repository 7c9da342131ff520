--- check is not a function.
-- expect: load check
return rule { id = "51-text-for-check", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket", check = "pass" }
