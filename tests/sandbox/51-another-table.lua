--- What is returned is not what was declared.
-- expect: load must end with 'return rule
rule { id = "51-another-table", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function() return pass() end }
return { id = "51-another-table", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function() return pass() end }
