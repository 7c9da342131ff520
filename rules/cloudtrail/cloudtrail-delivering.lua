--- A trail must log, and its files must arrive.
-- A trail that stopped is worse than none: everybody believes in it.
-- @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-troubleshooting.html
local time = require("time")

return rule {
  id = "cloudtrail-delivering",
  title = "Trails log and deliver without error",
  severity = "high", pillar = "security",
  resource = "AWS::CloudTrail::Trail",
  needs = { "Status" },
  params = { max_lag_hours = 24 },
  controls = {
    fsbp = { "CloudTrail.3" },
    nist_800_53_r5 = { "AU-2", "AU-3", "AU-12", "CA-7" },
    pci_dss_4_0 = { "10.2.1" },
    soc2 = { "CC7.2" },
    well_architected = { "SEC04-BP01" },
  },
  remediation = "cloudtrail-start-logging",
  check = function(trail, ctx)
    local status = trail.Status
    if status == nil then return unknown("the trail has no status") end
    if not status.IsLogging then return fail("the trail is not logging") end
    if status.LatestDeliveryError ~= nil and status.LatestDeliveryError ~= "" then
      return fail("the last delivery failed: %s", status.LatestDeliveryError)
    end
    local delivered = time.parse(status.LatestDeliveryTime)
    if delivered == nil then return pass() end -- a new trail has delivered nothing yet
    local hours = (ctx.now - delivered) // 3600
    if hours > ctx.params.max_lag_hours then return fail("nothing was delivered for %d hours", hours) end
    return pass()
  end,
}
