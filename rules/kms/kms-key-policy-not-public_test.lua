local function key(change)
  local k = { KeyId = "1234abcd-12ab-34cd-56ef-1234567890ab", Arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
              KeyManager = "CUSTOMER", KeySpec = "SYMMETRIC_DEFAULT", KeyState = "Enabled", Origin = "AWS_KMS" }
  for name, v in pairs(change or {}) do k[name] = v end
  return k
end

local function with(statement)
  return key { Policy = { Version = "2012-10-17", Statement = { statement } } }
end
return {
  { name = "the account", expect = "pass", resource = with { Effect = "Allow", Principal = { AWS = "arn:aws:iam::111122223333:root" }, Action = "kms:*", Resource = "*" } },
  { name = "anybody", expect = "fail", message = "for anybody", resource = with { Sid = "Oops", Effect = "Allow", Principal = "*", Action = "kms:Decrypt", Resource = "*" } },
  { name = "callers of the account", expect = "pass", resource = with { Effect = "Allow", Principal = { AWS = "*" }, Action = "kms:Decrypt", Resource = "*",
      Condition = { StringEquals = { ["kms:CallerAccount"] = "111122223333", ["kms:ViaService"] = "s3.us-east-1.amazonaws.com" } } } },
  { name = "via a service of anybody", expect = "fail", resource = with { Effect = "Allow", Principal = { AWS = "*" }, Action = "kms:Decrypt", Resource = "*",
      Condition = { StringEquals = { ["kms:ViaService"] = "s3.us-east-1.amazonaws.com" } } } },
  { name = "denied", expect = "unknown", resource = key { Policy = unknown("kms:GetKeyPolicy", "AccessDeniedException") } },
}
