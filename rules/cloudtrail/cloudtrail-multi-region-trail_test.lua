local function world(trail)
  return { ["AWS::CloudTrail::Trail"] = { trail } }
end
local function trail(change)
  local t = { Name = "main", TrailARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main", HomeRegion = "us-east-1",
              IsMultiRegionTrail = true, Status = { IsLogging = true },
              EventSelectors = { EventSelectors = { { IncludeManagementEvents = true, ReadWriteType = "All" } } } }
  for k, v in pairs(change or {}) do t[k] = v end
  return t
end
local account = { Account = "111122223333" }
return {
  { name = "good trail", expect = "pass", resource = account, inventory = world(trail()) },
  { name = "advanced selector", expect = "pass", resource = account, inventory = world(trail {
      EventSelectors = { AdvancedEventSelectors = { { FieldSelectors = { { Field = "eventCategory", Equals = { "Management" } } } } } } }) },
  { name = "advanced selector, writes only", expect = "fail", resource = account, inventory = world(trail {
      EventSelectors = { AdvancedEventSelectors = { { FieldSelectors = {
        { Field = "eventCategory", Equals = { "Management" } }, { Field = "readOnly", Equals = { "false" } } } } } } }) },
  { name = "no trail", expect = "fail", message = "there is no trail", resource = account,
    inventory = { ["AWS::CloudTrail::Trail"] = {} } },
  { name = "one region", expect = "fail", message = "one region only", resource = account,
    inventory = world(trail { IsMultiRegionTrail = false }) },
  { name = "stopped", expect = "fail", message = "not logging", resource = account,
    inventory = world(trail { Status = { IsLogging = false } }) },
  { name = "writes only", expect = "fail", message = "all management events", resource = account, inventory = world(trail {
      EventSelectors = { EventSelectors = { { IncludeManagementEvents = true, ReadWriteType = "WriteOnly" } } } }) },
  { name = "trails denied", expect = "unknown", resource = account,
    inventory = { ["AWS::CloudTrail::Trail"] = unknown("cloudtrail:DescribeTrails", "AccessDeniedException") } },
  { name = "status denied", expect = "unknown", resource = account,
    inventory = world(trail { Status = unknown("cloudtrail:GetTrailStatus", "AccessDeniedException") }) },
}
