local function fn(change)
  local f = { FunctionName = "f", FunctionArn = "arn:aws:lambda:us-east-1:111122223333:function:f", PackageType = "Zip", Runtime = "python3.12" }
  for k, v in pairs(change or {}) do f[k] = v end
  return f
end

local function with(statement)
  return fn { Policy = { Version = "2012-10-17", Statement = { statement } } }
end
return {
  { name = "no policy", expect = "pass", resource = fn() },
  { name = "anybody", expect = "fail", message = "lets anybody call", resource = with { Sid = "all", Effect = "Allow", Principal = "*", Action = "lambda:InvokeFunction", Resource = "*" } },
  { name = "one account", expect = "pass", resource = with { Effect = "Allow", Principal = { AWS = "arn:aws:iam::444455556666:root" }, Action = "lambda:InvokeFunction", Resource = "*" } },
  { name = "S3 of anybody", expect = "fail", message = "SourceAccount", resource = with { Effect = "Allow", Principal = { Service = "s3.amazonaws.com" },
      Action = "lambda:InvokeFunction", Resource = "*", Condition = { ArnLike = { ["AWS:SourceArn"] = "arn:aws:s3:::b" } } } },
  { name = "S3 of the account", expect = "pass", resource = with { Effect = "Allow", Principal = { Service = "s3.amazonaws.com" },
      Action = "lambda:InvokeFunction", Resource = "*", Condition = { StringEquals = { ["AWS:SourceAccount"] = "111122223333" } } } },
  { name = "denied", expect = "unknown", resource = fn { Policy = unknown("lambda:GetPolicy", "AccessDeniedException") } },
}
