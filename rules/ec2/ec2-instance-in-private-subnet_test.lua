local instance = { InstanceId = "i-1", State = { Name = "running" }, SubnetId = "subnet-1", VpcId = "vpc-1" }
local public = { { DestinationCidrBlock = "10.0.0.0/16", GatewayId = "local" }, { DestinationCidrBlock = "0.0.0.0/0", GatewayId = "igw-1" } }
local private = { { DestinationCidrBlock = "0.0.0.0/0", NatGatewayId = "nat-1" } }
local function tables(main, own)
  return { ["AWS::EC2::RouteTable"] = {
    { RouteTableId = "rtb-main", VpcId = "vpc-1", Associations = { { Main = true } }, Routes = main },
    own and { RouteTableId = "rtb-own", VpcId = "vpc-1", Associations = { { SubnetId = "subnet-1" } }, Routes = own } or nil } }
end
return {
  { name = "NAT only", expect = "pass", resource = instance, inventory = tables(private) },
  { name = "main table is public", expect = "fail", message = "igw-1", resource = instance, inventory = tables(public) },
  { name = "own table wins", expect = "pass", resource = instance, inventory = tables(public, private) },
  { name = "IPv6", expect = "fail", resource = instance, inventory = tables { { DestinationIpv6CidrBlock = "::/0", GatewayId = "igw-2" } } },
  { name = "exempt", expect = "not_applicable", tags = { Tier = "public" }, resource = instance, inventory = tables(public) },
  { name = "no table", expect = "unknown", resource = instance, inventory = { ["AWS::EC2::RouteTable"] = {} } },
  { name = "denied", expect = "unknown", resource = instance,
    inventory = { ["AWS::EC2::RouteTable"] = unknown("ec2:DescribeRouteTables", "UnauthorizedOperation") } },
  { name = "terminated", expect = "not_applicable", resource = { InstanceId = "i-1", State = { Name = "terminated" } } },
}
