return {
  { name = "encrypted", expect = "pass", resource = { VolumeId = "vol-1", Encrypted = true } },
  { name = "plain", expect = "fail", message = "not encrypted", resource = { VolumeId = "vol-1", Encrypted = false } },
}
