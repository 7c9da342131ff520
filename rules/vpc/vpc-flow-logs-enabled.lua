--- Each VPC must keep flow logs.
-- Without them nobody can tell afterwards who talked to whom.
-- @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html
return rule {
  id = "vpc-flow-logs-enabled",
  title = "Flow logs are on",
  severity = "medium", pillar = "security",
  resource = "AWS::EC2::VPC",
  related = { "AWS::EC2::FlowLog" },
  params = { traffic_types = { "ALL", "REJECT" } },
  controls = {
    cis = { "4.7" },
    fsbp = { "EC2.6" },
    nist_800_53_r5 = { "AU-2", "AU-3", "AU-12", "CA-7" },
    pci_dss_4_0 = { "10.2.1" },
    soc2 = { "CC7.2" },
    well_architected = { "SEC04-BP01" },
  },
  remediation = "vpc-enable-flow-logs",
  check = function(vpc, ctx)
    if vpc.OwnerId ~= nil and vpc.OwnerId ~= vpc.account then return not_applicable("shared by account %s", vpc.OwnerId) end
    local near = "no flow log"
    for _, log in ipairs(ctx.inventory:each("AWS::EC2::FlowLog", { ResourceId = vpc.id })) do
      local wanted = false
      for _, kind in ipairs(ctx.params.traffic_types) do wanted = wanted or log.TrafficType == kind end
      if log.FlowLogStatus ~= "ACTIVE" then
        near = ("flow log %s is %s"):format(log.FlowLogId, log.FlowLogStatus)
      elseif log.DeliverLogsStatus == "FAILED" then
        near = ("flow log %s cannot deliver"):format(log.FlowLogId)
      elseif not wanted then
        near = ("flow log %s records %s only"):format(log.FlowLogId, log.TrafficType)
      else
        return pass()
      end
    end
    return fail("%s", near)
  end,
}
