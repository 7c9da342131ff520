local function trail(change)
  local t = { Name = "main", TrailARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main", HomeRegion = "us-east-1" }
  for k, v in pairs(change or {}) do t[k] = v end
  return t
end

return {
  { name = "key", expect = "pass", resource = trail { KmsKeyId = "arn:aws:kms:us-east-1:111122223333:key/1" } },
  { name = "none", expect = "fail", message = "not encrypted with a KMS key", resource = trail() },
}
