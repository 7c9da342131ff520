--- Object-level access to S3 must be recorded, reads and writes.
-- Management events do not tell who read or deleted an object.
-- @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
local function note(covered, read_write)
  if read_write ~= "WriteOnly" then covered.read = true end
  if read_write ~= "ReadOnly" then covered.write = true end
end

local function basic(selector, covered)
  for _, resource in ipairs(selector.DataResources or {}) do
    if resource.Type == "AWS::S3::Object" then
      for _, value in ipairs(resource.Values or {}) do
        if value:find("^arn:[^:]+:s3$") or value:find("^arn:[^:]+:s3:::$") then
          note(covered, selector.ReadWriteType or "All")
        end
      end
    end
  end
end

local function advanced(selector, covered)
  local objects, direction, limited = false, "All", false
  for _, field in ipairs(selector.FieldSelectors or {}) do
    local first = field.Equals and field.Equals[1]
    if field.Field == "resources.type" then
      objects = first == "AWS::S3::Object"
    elseif field.Field == "readOnly" then
      direction = first == "true" and "ReadOnly" or "WriteOnly"
    elseif field.Field ~= "eventCategory" then
      limited = true -- some buckets, some event names
    end
  end
  if objects and not limited then note(covered, direction) end
end

return rule {
  id = "cloudtrail-s3-data-events",
  title = "S3 object-level read and write events are recorded",
  severity = "medium", pillar = "security",
  resource = "AWS::::Account",
  needs = { "AWS::CloudTrail::Trail.EventSelectors" },
  related = { "AWS::CloudTrail::Trail" },
  params = { directions = { "write", "read" } },
  controls = {
    cis = { "4.8", "4.9" },
    fsbp = { "S3.22", "S3.23" },
    nist_800_53_r5 = { "AU-2", "AU-3", "AU-12", "CA-7" },
    pci_dss_4_0 = { "10.2.1" },
    soc2 = { "CC7.2" },
    well_architected = { "SEC04-BP01" },
  },
  remediation = "cloudtrail-enable-s3-data-events",
  check = function(account, ctx)
    local covered = {}
    for _, trail in ipairs(ctx.inventory:each("AWS::CloudTrail::Trail")) do
      local selectors = trail.EventSelectors
      if selectors ~= nil then
        for _, s in ipairs(selectors.EventSelectors or {}) do basic(s, covered) end
        for _, s in ipairs(selectors.AdvancedEventSelectors or {}) do advanced(s, covered) end
      end
    end
    local missing = {}
    for _, direction in ipairs(ctx.params.directions) do
      if not covered[direction] then missing[#missing + 1] = direction end
    end
    if #missing > 0 then return fail("no trail records S3 object %s events of all buckets", table.concat(missing, " and ")) end
    return pass()
  end,
}
