local function fn(change)
  local f = { FunctionName = "f", FunctionArn = "arn:aws:lambda:us-east-1:111122223333:function:f", PackageType = "Zip", Runtime = "python3.12" }
  for k, v in pairs(change or {}) do f[k] = v end
  return f
end

local open = { { FunctionUrl = "https://x.lambda-url.us-east-1.on.aws/", AuthType = "NONE" } }
return {
  { name = "IAM", expect = "pass", resource = fn { Urls = { { FunctionUrl = "https://x.lambda-url.us-east-1.on.aws/", AuthType = "AWS_IAM" } } } },
  { name = "open", expect = "fail", message = "needs no authentication", resource = fn { Urls = open } },
  { name = "approved", expect = "not_applicable", tags = { PublicUrl = "approved" }, resource = fn { Urls = open } },
  { name = "no URL", expect = "not_applicable", resource = fn { Urls = {} } },
  { name = "denied", expect = "unknown", resource = fn { Urls = unknown("lambda:ListFunctionUrlConfigs", "AccessDeniedException") } },
}
