local vpc = { VpcId = "vpc-1", OwnerId = "111122223333" }
local function logs(change)
  local log = { FlowLogId = "fl-1", ResourceId = "vpc-1", FlowLogStatus = "ACTIVE", TrafficType = "ALL", DeliverLogsStatus = "SUCCESS" }
  for k, v in pairs(change or {}) do log[k] = v end
  return { ["AWS::EC2::FlowLog"] = { log } }
end
return {
  { name = "all traffic", expect = "pass", resource = vpc, inventory = logs() },
  { name = "rejected traffic", expect = "pass", resource = vpc, inventory = logs { TrafficType = "REJECT" } },
  { name = "none", expect = "fail", message = "no flow log", resource = vpc, inventory = { ["AWS::EC2::FlowLog"] = {} } },
  { name = "of another VPC", expect = "fail", resource = vpc, inventory = logs { ResourceId = "vpc-2" } },
  { name = "accepted only", expect = "fail", message = "ACCEPT only", resource = vpc, inventory = logs { TrafficType = "ACCEPT" } },
  { name = "not delivered", expect = "fail", message = "cannot deliver", resource = vpc, inventory = logs { DeliverLogsStatus = "FAILED" } },
  { name = "shared VPC", expect = "not_applicable", resource = { VpcId = "vpc-1", OwnerId = "444455556666" }, inventory = logs() },
  { name = "denied", expect = "unknown", resource = vpc,
    inventory = { ["AWS::EC2::FlowLog"] = unknown("ec2:DescribeFlowLogs", "UnauthorizedOperation") } },
}
