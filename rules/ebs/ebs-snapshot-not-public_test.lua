local function snapshot(permissions)
  return { SnapshotId = "snap-1", CreateVolumePermissions = permissions }
end
return {
  { name = "private", expect = "pass", resource = snapshot {} },
  { name = "not told", expect = "unknown", resource = snapshot(nil) },
  { name = "public", expect = "fail", message = "is public", resource = snapshot { { UserId = "444455556666" }, { Group = "all" } } },
  { name = "shared", expect = "pass", resource = snapshot { { UserId = "444455556666" } } },
  { name = "shared, strict", expect = "fail", message = "444455556666", params = { strict = true }, resource = snapshot { { UserId = "444455556666" } } },
  { name = "shared with a trusted account", expect = "pass", params = { strict = true, trusted_accounts = { "444455556666" } },
    resource = snapshot { { UserId = "444455556666" } } },
  { name = "denied", expect = "unknown", resource = snapshot(unknown("ec2:DescribeSnapshotAttribute", "UnauthorizedOperation")) },
}
