local function world(selectors)
  return { ["AWS::CloudTrail::Trail"] = { { Name = "t", TrailARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t",
    HomeRegion = "us-east-1", EventSelectors = selectors } } }
end
local account = { Account = "111122223333" }
return {
  { name = "all objects", expect = "pass", resource = account, inventory = world { EventSelectors = {
      { ReadWriteType = "All", DataResources = { { Type = "AWS::S3::Object", Values = { "arn:aws:s3" } } } } } } },
  { name = "advanced", expect = "pass", resource = account, inventory = world { AdvancedEventSelectors = { { FieldSelectors = {
      { Field = "eventCategory", Equals = { "Data" } }, { Field = "resources.type", Equals = { "AWS::S3::Object" } } } } } } },
  { name = "writes only", expect = "fail", message = "object read events", resource = account, inventory = world { EventSelectors = {
      { ReadWriteType = "WriteOnly", DataResources = { { Type = "AWS::S3::Object", Values = { "arn:aws:s3:::" } } } } } } },
  { name = "writes are enough", expect = "pass", resource = account, params = { directions = { "write" } },
    inventory = world { EventSelectors = {
      { ReadWriteType = "WriteOnly", DataResources = { { Type = "AWS::S3::Object", Values = { "arn:aws:s3:::" } } } } } } },
  { name = "one bucket", expect = "fail", message = "write and read", resource = account, inventory = world { EventSelectors = {
      { ReadWriteType = "All", DataResources = { { Type = "AWS::S3::Object", Values = { "arn:aws:s3:::logs/" } } } } } } },
  { name = "no trail", expect = "fail", resource = account, inventory = { ["AWS::CloudTrail::Trail"] = {} } },
  { name = "denied", expect = "unknown", resource = account,
    inventory = world(unknown("cloudtrail:GetEventSelectors", "AccessDeniedException")) },
}
