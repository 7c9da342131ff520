--- A trail must record management events, reads and writes, in every region.
-- What happens in a region without a trail leaves no trace.
-- @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/receive-cloudtrail-log-files-from-multiple-regions.html
-- Does one advanced selector take management events of both directions?
local function advanced_management(selector)
  local management, limited = false, false
  for _, field in ipairs(selector.FieldSelectors or {}) do
    if field.Field == "eventCategory" then
      for _, value in ipairs(field.Equals or {}) do management = management or value == "Management" end
    else
      limited = true -- readOnly or an excluded event source leaves something out
    end
  end
  return management and not limited
end

local function records_management_events(trail)
  local selectors = trail.EventSelectors
  if selectors == nil then return false end
  for _, s in ipairs(selectors.EventSelectors or {}) do
    if s.IncludeManagementEvents and (s.ReadWriteType or "All") == "All" then return true end
  end
  for _, s in ipairs(selectors.AdvancedEventSelectors or {}) do
    if advanced_management(s) then return true end
  end
  return false
end

return rule {
  id = "cloudtrail-multi-region-trail",
  title = "A multi-region trail logs management events",
  severity = "critical", pillar = "security",
  resource = "AWS::::Account",
  needs = { "AWS::CloudTrail::Trail.Status", "AWS::CloudTrail::Trail.EventSelectors" },
  related = { "AWS::CloudTrail::Trail" },
  controls = {
    cis = { "4.1" },
    fsbp = { "CloudTrail.1", "CloudTrail.3" },
    nist_800_53_r5 = { "AU-2", "AU-3", "AU-12", "CA-7" },
    pci_dss_4_0 = { "10.2.1" },
    soc2 = { "CC7.2" },
    well_architected = { "SEC04-BP01" },
  },
  remediation = "cloudtrail-create-multi-region-trail",
  check = function(account, ctx)
    local near = "there is no trail"
    for _, trail in ipairs(ctx.inventory:each("AWS::CloudTrail::Trail")) do
      if not trail.IsMultiRegionTrail then
        near = ("trail %s covers one region only"):format(trail.Name)
      elseif trail.Status == nil or not trail.Status.IsLogging then
        near = ("trail %s is not logging"):format(trail.Name)
      elseif not records_management_events(trail) then
        near = ("trail %s does not record all management events"):format(trail.Name)
      else
        return pass()
      end
    end
    return fail("no multi-region trail records all management events: %s", near)
  end,
}
