return {
  { name = "encrypted", expect = "pass", resource = { SnapshotId = "snap-1", Encrypted = true } },
  { name = "plain", expect = "fail", message = "not encrypted", resource = { SnapshotId = "snap-1", Encrypted = false } },
}
