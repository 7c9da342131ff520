for i in aws.items("ec2:DescribeInstances", { Filters = { { Name = "x", Values = { "y" } } }, MaxResults = "5" }) do
  local p, e = aws.try("s3:GetBucketPolicy", {}) emit { a = i.Instances[1].State.Name == "on", b = aws.ec2("DescribeVpcs").Vpcs:find("x", 1), c = e.code }
end
return { { name = "a", expect = { "pas" }, resource = { Name = 1 }, inventory = { ["AWS::S3::Bucket"] = { { X = 1 } } } } }
