--- Instances must stand in private subnets, but for those meant to face the internet.
-- A route to an internet gateway is one address away from exposure.
-- @see https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html
-- The table that a subnet uses: its own, else the VPC's main one.
local function effective_table(tables, subnet, vpc)
  local main
  for _, t in ipairs(tables) do
    if t.VpcId == vpc then
      for _, a in ipairs(t.Associations or {}) do
        if a.SubnetId == subnet then return t end
        if a.Main then main = t end
      end
    end
  end
  return main
end

local function internet_route(route_table)
  for _, route in ipairs(route_table.Routes or {}) do
    local everywhere = route.DestinationCidrBlock == "0.0.0.0/0" or route.DestinationIpv6CidrBlock == "::/0"
    if everywhere and route.GatewayId and route.GatewayId:find("^igw%-") then return route.GatewayId end
  end
end

return rule {
  id = "ec2-instance-in-private-subnet",
  title = "Application and database instances sit in private subnets",
  severity = "high", pillar = "security",
  resource = "AWS::EC2::Instance",
  applies = { ["State.Name"] = { "pending", "running", "stopping", "stopped" } },
  related = { "AWS::EC2::RouteTable" },
  params = { exempt_tag = "Tier=public" },
  controls = {
    nist_800_53_r5 = { "AC-4", "SC-7", "SC-7(21)" },
    pci_dss_4_0 = { "1.4.1", "1.4.4" },
    soc2 = { "CC6.6" },
    well_architected = { "SEC05-BP01" },
  },
  check = function(instance, ctx)
    if instance.SubnetId == nil then return not_applicable("the instance is in no subnet") end
    if ctx.params.exempt_tag ~= "" and instance.tags:has(ctx.params.exempt_tag) then
      return not_applicable("exempt by tag %s", ctx.params.exempt_tag)
    end
    local route_table = effective_table(ctx.inventory:each("AWS::EC2::RouteTable"), instance.SubnetId, instance.VpcId)
    if route_table == nil then return unknown("no route table found for subnet %s", instance.SubnetId) end
    local gateway = internet_route(route_table)
    if gateway then return fail("subnet %s routes to the internet by %s", instance.SubnetId, gateway) end
    return pass()
  end,
}
