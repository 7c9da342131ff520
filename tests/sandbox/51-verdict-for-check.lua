--- check is a verdict function: it makes a message of the resource, and nothing passes.
-- expect: error text or a table
return rule { id = "51-verdict-for-check", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket", check = pass }
